//! Just enough GraphQL: documents with variables, aliases and inline fragments, and the projection of JSON onto them.
//!
//! A field that the model does not know is an error, as at the real server; so a client cannot ask for nonsense here.

use serde_json::{Map, Value, json};
use std::collections::HashMap;

/// Selections deeper than this are refused.
const DEEPEST: usize = 24;

/// One selected field.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub alias: String,
    pub name: String,
    pub args: Map<String, Value>,
    pub fields: Vec<Field>,
}

impl Field {
    /// A text argument.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.args.get(name).and_then(Value::as_str)
    }

    /// A selected field by its name.
    pub(super) fn child(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }
}

/// Reads a document with one operation. `true` with a mutation.
pub(super) fn parse(document: &str, variables: &Value) -> Result<(bool, Vec<Field>), String> {
    let mut reader = Reader { tokens: tokens(document)?, at: 0, values: HashMap::new(), variables, depth: 0 };
    let mutation = match reader.peek() {
        Some(Token::Name(word)) if word == "mutation" => true,
        Some(Token::Name(word)) if word == "query" => false,
        Some(Token::Mark('{')) => return Ok((false, reader.selection()?)),
        _ => return Err("syntax error: expected an operation".into()),
    };
    reader.at += 1;
    if let Some(Token::Name(_)) = reader.peek() {
        reader.at += 1;
    }
    if reader.take('(') {
        reader.definitions()?;
    }
    let fields = reader.selection()?;
    if reader.peek().is_some() {
        Err("syntax error: only one operation is understood".into())
    } else {
        Ok((mutation, fields))
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Number(String),
    Text(String),
    Mark(char),
}

fn tokens(document: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut chars = document.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_whitespace() || c == ',' || c == '\u{feff}' => {}
            '#' => while chars.next().is_some_and(|c| c != '\n') {},
            '"' => tokens.push(Token::Text(string(&mut chars)?)),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let mut name = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
                    name.push(c);
                }
                tokens.push(Token::Name(name));
            }
            c if c.is_ascii_digit() || c == '-' => {
                let mut number = String::from(c);
                while let Some(c) = chars.next_if(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-')) {
                    number.push(c);
                }
                tokens.push(Token::Number(number));
            }
            '{' | '}' | '(' | ')' | '[' | ']' | ':' | '!' | '=' | '$' | '.' => tokens.push(Token::Mark(c)),
            _ => return Err(format!("syntax error at {c:?}")),
        }
    }
    Ok(tokens)
}

fn string(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, String> {
    let mut text = String::new();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok(text),
            '\\' => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(c @ ('"' | '\\' | '/')) => text.push(c),
                _ => return Err("syntax error: escape in a string".into()),
            },
            '\n' => break,
            c => text.push(c),
        }
    }
    Err("syntax error: a string does not end".into())
}

struct Reader<'a> {
    tokens: Vec<Token>,
    at: usize,
    values: HashMap<String, Value>,
    variables: &'a Value,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        self.at += 1;
        self.tokens.get(self.at - 1).cloned()
    }

    fn take(&mut self, mark: char) -> bool {
        let found = self.peek() == Some(&Token::Mark(mark));
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.take(mark) { Ok(()) } else { Err(format!("syntax error: expected {mark:?}")) }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Name(name)) => Ok(name),
            _ => Err("syntax error: expected a name".into()),
        }
    }

    /// `$first: Int! = 10, …)`
    fn definitions(&mut self) -> Result<(), String> {
        while !self.take(')') {
            self.expect('$')?;
            let name = self.name()?;
            self.expect(':')?;
            let mut required = false;
            loop {
                match self.peek() {
                    Some(Token::Name(_) | Token::Mark('[' | ']')) => self.at += 1,
                    Some(Token::Mark('!')) => {
                        self.at += 1;
                        required = true;
                    }
                    _ => break,
                }
            }
            let fallback = if self.take('=') { Some(self.value()?) } else { None };
            let given = self.variables.get(&name).filter(|value| !value.is_null()).cloned();
            match given.or(fallback) {
                Some(value) => drop(self.values.insert(name, value)),
                None if required => return Err(format!("Variable ${name} of a required type was not provided")),
                None => drop(self.values.insert(name, Value::Null)),
            }
        }
        Ok(())
    }

    fn selection(&mut self) -> Result<Vec<Field>, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the query is too deep".into());
        }
        self.expect('{')?;
        let mut fields = Vec::new();
        while !self.take('}') {
            if self.take('.') {
                // `... on Type { … }`: the fields of the one type there is.
                self.expect('.')?;
                self.expect('.')?;
                if self.name()? != "on" {
                    return Err("named fragments are not understood".into());
                }
                self.name()?;
                fields.extend(self.selection()?);
            } else {
                fields.push(self.field()?);
            }
        }
        self.depth -= 1;
        if fields.is_empty() { Err("syntax error: empty selection".into()) } else { Ok(fields) }
    }

    fn field(&mut self) -> Result<Field, String> {
        let first = self.name()?;
        let (alias, name) = if self.take(':') { (first, self.name()?) } else { (first.clone(), first) };
        let mut args = Map::new();
        if self.take('(') {
            while !self.take(')') {
                let name = self.name()?;
                self.expect(':')?;
                let value = self.value()?;
                args.insert(name, value);
            }
        }
        let fields = if self.peek() == Some(&Token::Mark('{')) { self.selection()? } else { Vec::new() };
        Ok(Field { alias, name, args, fields })
    }

    fn value(&mut self) -> Result<Value, String> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err("the query is too deep".into());
        }
        let value = match self.next() {
            Some(Token::Mark('$')) => {
                let name = self.name()?;
                self.values.get(&name).cloned().ok_or_else(|| format!("Variable ${name} is not declared"))
            }
            Some(Token::Text(text)) => Ok(Value::String(text)),
            Some(Token::Number(number)) => serde_json::from_str(&number).map_err(|_| "syntax error: number".to_owned()),
            Some(Token::Name(word)) => Ok(match word.as_str() {
                "true" => Value::Bool(true),
                "false" => Value::Bool(false),
                "null" => Value::Null,
                _ => Value::String(word),
            }),
            Some(Token::Mark('[')) => {
                let mut list = Vec::new();
                while !self.take(']') {
                    list.push(self.value()?);
                }
                Ok(Value::Array(list))
            }
            Some(Token::Mark('{')) => {
                let mut map = Map::new();
                while !self.take('}') {
                    let name = self.name()?;
                    self.expect(':')?;
                    let value = self.value()?;
                    map.insert(name, value);
                }
                Ok(Value::Object(map))
            }
            _ => Err("syntax error: expected a value".into()),
        };
        self.depth -= 1;
        value
    }
}

/// Shows the selected fields of a value. `{"connection": […]}` is a paged list.
pub(super) fn project(fields: &[Field], value: &Value) -> Result<Value, String> {
    let Some(known) = value.as_object() else {
        return Err("Selections can't be made on scalars".into());
    };
    let mut shown = Map::new();
    for field in fields {
        if field.name == "__typename" {
            shown.insert(field.alias.clone(), "Object".into());
            continue;
        }
        let found = known.get(&field.name).ok_or_else(|| format!("Field '{}' doesn't exist", field.name))?;
        shown.insert(field.alias.clone(), show(field, found)?);
    }
    Ok(Value::Object(shown))
}

fn show(field: &Field, value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(map) if map.contains_key("connection") => {
            let all = map["connection"].as_array().map(Vec::as_slice).unwrap_or_default();
            page(field, all)
        }
        Value::Object(_) if field.fields.is_empty() => Err(format!("Field '{}' must have selections", field.name)),
        Value::Object(_) => project(&field.fields, value),
        Value::Array(list) if list.iter().any(Value::is_object) => {
            if field.fields.is_empty() {
                return Err(format!("Field '{}' must have selections", field.name));
            }
            let most = field
                .args
                .get("first")
                .and_then(Value::as_u64)
                .map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX));
            list.iter().take(most).map(|item| project(&field.fields, item)).collect()
        }
        scalar => Ok(scalar.clone()),
    }
}

/// One page of a list. Without `first` the real server refuses; so does this one.
pub(super) fn page(field: &Field, all: &[Value]) -> Result<Value, String> {
    let first = field.args.get("first").and_then(Value::as_u64).and_then(|first| usize::try_from(first).ok());
    let first = first.filter(|first| (1..=250).contains(first));
    let first = first.ok_or_else(|| format!("you must provide `first` between 1 and 250 on {}", field.name))?;
    let start = match field.text("after") {
        None => 0,
        Some(cursor) => {
            let at = cursor.strip_prefix("cursor-").and_then(|at| at.parse::<usize>().ok());
            at.ok_or_else(|| "Invalid cursor for current pagination sort.".to_owned())?
        }
    };
    let page: Vec<(usize, &Value)> = all.iter().enumerate().skip(start).take(first).collect();
    let end = page.last().map_or(start, |(at, _)| at + 1);
    let cursor = |at: usize| format!("cursor-{at}");
    let mut shown = Map::new();
    for part in &field.fields {
        let value = match part.name.as_str() {
            "nodes" => page.iter().map(|(_, node)| project(&part.fields, node)).collect::<Result<Value, _>>()?,
            "edges" => {
                page.iter().map(|(at, node)| project_edge(part, &cursor(at + 1), node)).collect::<Result<Value, _>>()?
            }
            "pageInfo" => {
                let info = json!({
                    "hasNextPage": end < all.len(), "hasPreviousPage": start > 0,
                    "startCursor": page.first().map(|(at, _)| cursor(at + 1)),
                    "endCursor": page.last().map(|(at, _)| cursor(at + 1)),
                });
                project(&part.fields, &info)?
            }
            other => return Err(format!("Field '{other}' doesn't exist on a connection")),
        };
        shown.insert(part.alias.clone(), value);
    }
    Ok(Value::Object(shown))
}

fn project_edge(edge: &Field, cursor: &str, node: &Value) -> Result<Value, String> {
    let mut shown = Map::new();
    for part in &edge.fields {
        let value = match part.name.as_str() {
            "cursor" => Value::String(cursor.to_owned()),
            "node" => project(&part.fields, node)?,
            other => return Err(format!("Field '{other}' doesn't exist on an edge")),
        };
        shown.insert(part.alias.clone(), value);
    }
    Ok(Value::Object(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_read_with_variables_aliases_and_fragments() {
        let document = "query Q($id: ID!, $n: Int = 2) { # why\n o: order(id: $id, f: {a: [1, X]}) { id ... on Order { name } \
                        list(first: $n) { nodes { id } pageInfo { hasNextPage endCursor } } } }";
        let (mutation, fields) = parse(document, &json!({"id": "gid/1"})).unwrap();
        assert!(!mutation);
        let order = &fields[0];
        assert_eq!((order.alias.as_str(), order.name.as_str(), order.text("id")), ("o", "order", Some("gid/1")));
        assert_eq!(order.args["f"], json!({"a": [1, "X"]}));
        let value = json!({"id": "1", "name": "n", "list": {"connection": [{"id": 1}, {"id": 2}, {"id": 3}]}});
        let shown = project(&order.fields, &value).unwrap();
        let list = json!({"nodes": [{"id": 1}, {"id": 2}], "pageInfo": {"hasNextPage": true, "endCursor": "cursor-2"}});
        assert_eq!(shown, json!({"id": "1", "name": "n", "list": list}));
    }

    #[test]
    fn nonsense_is_refused_and_never_panics() {
        for document in
            ["", "{", "query {}", "{ a(b: $c) }", "query($a: ID!) { b }", "{ a \"", "{ é }", "mutation { a } { b }"]
        {
            assert!(parse(document, &Value::Null).is_err(), "{document}");
        }
        assert!(parse(&"{a".repeat(5000), &Value::Null).is_err());
        let (_, fields) = parse("{ id nope }", &Value::Null).unwrap();
        assert_eq!(project(&fields, &json!({"id": 1})), Err("Field 'nope' doesn't exist".into()));
        let (_, fields) = parse("{ list { nodes { id } } }", &Value::Null).unwrap();
        assert!(project(&fields, &json!({"list": {"connection": []}})).is_err(), "no `first`");
    }
}
