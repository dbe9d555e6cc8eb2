//! The layer that turns an event into one line.

use super::{FIELDS, Sink};
use crate::domain::clock::Clock;
use serde_json::{Map, Value};
use std::error::Error;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Longest text of one value, in characters: an answer of the outside may be cited, not copied.
const LONGEST: usize = 500;

/// Who reads the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Machines: one JSON object a line.
    Json,
    /// People at a terminal.
    Human,
}

/// Writes events as lines, with the fields of the spans around them.
#[derive(Debug)]
pub struct Lines {
    style: Style,
    clock: Clock,
    sink: Sink,
}

impl Lines {
    /// A layer that reads the time from `clock` and writes to `sink`.
    #[must_use]
    pub fn new(style: Style, clock: Clock, sink: Sink) -> Self {
        Self { style, clock, sink }
    }
}

/// The listed fields of a span or an event, in the order they were given.
#[derive(Clone, Debug, Default)]
struct Fields {
    listed: Map<String, Value>,
    unlisted: Vec<&'static str>,
    message: String,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        // Outermost first: what is said closer to the event wins.
        for span in context.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(around) = span.extensions().get::<Fields>() {
                fields.listed.extend(around.listed.clone());
                fields.unlisted.extend(&around.unlisted);
            }
        }
        event.record(&mut fields);
        let metadata = event.metadata();
        let line = match self.style {
            Style::Json => fields.json(&self.clock, metadata.level().as_str(), metadata.target()),
            Style::Human => fields.human(metadata.level().as_str()),
        };
        self.sink.line(&line);
    }
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match FIELDS.iter().find(|name| **name == field.name()) {
            Some(name) => drop(self.listed.insert((*name).to_owned(), value)),
            None => self.unlisted.push(field.name()),
        }
    }

    fn json(self, clock: &Clock, level: &str, target: &str) -> String {
        let mut line = Map::new();
        line.insert("time".to_owned(), format!("{:.3}", clock.now()).into());
        line.insert("level".to_owned(), level.into());
        line.insert("message".to_owned(), self.message.into());
        line.insert("target".to_owned(), target.into());
        line.extend(self.listed);
        if !self.unlisted.is_empty() {
            line.insert("unlisted".to_owned(), self.unlisted.into());
        }
        Value::Object(line).to_string()
    }

    fn human(self, level: &str) -> String {
        let mut line = match level {
            "INFO" => String::new(),
            level => format!("{}: ", level.to_ascii_lowercase()),
        };
        line.push_str(&self.message);
        for (name, value) in &self.listed {
            // Writing to a String cannot fail.
            let _ = match value {
                Value::String(text) => write!(line, "  {name}={text}"),
                value => write!(line, "  {name}={value}"),
            };
        }
        line.replace(|c: char| c.is_control(), " ")
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = cut(&format!("{value:?}"));
        if field.name() == "message" { self.message = text } else { self.put(field, text.into()) }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" { self.message = cut(value) } else { self.put(field, cut(value).into()) }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        // Sources are not repeated in an error's own text, so the line says them all.
        while let Some(error) = source {
            let _ = write!(text, ": {error}");
            source = error.source();
        }
        self.put(field, cut(&text).into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
