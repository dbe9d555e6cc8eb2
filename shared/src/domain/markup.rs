//! Text out of HTML, as plug-ins hand it out: entities decoded, line breaks kept, tags gone.

use std::borrow::Cow;

/// Times that a text may have been escaped on its way.
const ROUNDS: usize = 3;
/// Bytes of the longest tag and entity that is looked at.
const LONGEST_TAG: usize = 4096;
const LONGEST_ENTITY: usize = 12;
/// Tags that end a line.
const BLOCKS: [&str; 16] =
    ["br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "hr", "table", "h1", "h2", "h3", "h4", "dd"];

/// The text without markup. `<br>` and other blocks become line ends, a link's text gives way to its address when it
/// holds no digit.
#[must_use]
pub fn plain(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        if !text.contains('&') {
            break;
        }
        let decoded = decoded(&text);
        if decoded == text {
            break;
        }
        text = Cow::Owned(decoded);
    }
    if text.contains('<') { Cow::Owned(untagged(&text)) } else { text }
}

/// One round of entities decoded; unknown ones stay.
fn decoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, entity)) = rest.find('&').map(|at| rest.split_at(at)) {
        out.push_str(before);
        let end = entity.bytes().take(LONGEST_ENTITY).position(|b| b == b';');
        match end.and_then(|end| Some((character(entity.get(1..end)?)?, entity.get(end + 1..)?))) {
            Some((found, after)) => {
                out.push_str(found.encode_utf8(&mut [0; 4]));
                rest = after;
            }
            None => {
                out.push('&');
                rest = &entity[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn character(name: &str) -> Option<char> {
    Some(match name.to_ascii_lowercase().as_str() {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" | "ensp" | "emsp" | "thinsp" => '\u{a0}',
        "shy" | "zwnj" | "zwj" => '\u{ad}',
        "comma" => ',',
        "semi" => ';',
        "plus" => '+',
        "sol" => '/',
        "colon" => ':',
        "equals" => '=',
        "quest" => '?',
        "period" => '.',
        "num" => '#',
        "vert" | "verbar" => '|',
        "newline" => '\n',
        "tab" => '\t',
        "reg" => '®',
        "trade" => '™',
        "hyphen" | "ndash" | "mdash" => '-',
        "bull" => '•',
        "middot" => '·',
        lower => {
            let digits = lower.strip_prefix('#')?;
            let code = match digits.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    })
}

fn untagged(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Where the text of an open link began, and its address.
    let mut link: Option<(usize, &str)> = None;
    while let Some((before, tag)) = rest.find('<').map(|at| rest.split_at(at)) {
        out.push_str(before);
        let named = tag[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!'));
        let end = tag.bytes().take(LONGEST_TAG).position(|b| b == b'>').filter(|_| named);
        let Some(end) = end else {
            out.push('<');
            rest = &tag[1..];
            continue;
        };
        let inside = &tag[1..end];
        rest = &tag[end + 1..];
        let name: String = inside
            .trim_start_matches('/')
            .chars()
            .take_while(char::is_ascii_alphanumeric)
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if name == "a" && !inside.starts_with('/') {
            link = address(inside).map(|address| (out.len(), address));
        } else if name == "a" {
            if let Some((start, address)) = link.take()
                && !out[start..].bytes().any(|b| b.is_ascii_digit())
            {
                out.truncate(start);
                out.push_str(address);
            }
        } else if BLOCKS.contains(&name.as_str()) {
            out.push('\n');
        }
    }
    out.push_str(rest);
    out
}

/// The value of `href` in the inside of a tag.
fn address(inside: &str) -> Option<&str> {
    let at = inside.to_ascii_lowercase().find("href=")?;
    let value = inside.get(at + "href=".len()..)?.trim_start();
    let quote = value.chars().next()?;
    if matches!(quote, '"' | '\'') { value[1..].split(quote).next() } else { value.split(char::is_whitespace).next() }
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn what_was_escaped_on_its_way_is_undone() {
        for (text, expected) in [
            ("A1 &amp; A2", "A1 & A2"),
            ("A1 &amp;amp; A2", "A1 & A2"),
            ("A1&#44;A2&#x2c;A3", "A1,A2,A3"),
            ("A1<br>A2<BR/>A3<br />A4", "A1\nA2\nA3\nA4"),
            ("A1&lt;br&gt;A2", "A1\nA2"),
            ("<p>A1</p><p>A2</p>", "\nA1\n\nA2\n"),
            ("<b>94</b>00", "9400"),
            ("<a href=\"https://t.example/?n=A1\" target='_blank'>A1</a>", "A1"),
            ("<a href='https://t.example/?n=A1'>Track it</a>", "https://t.example/?n=A1"),
            ("A1&nbsp;A2", "A1\u{a0}A2"),
            ("AT&T; 1 < 2 &unknown; &", "AT&T; 1 < 2 &unknown; &"),
            ("a <b", "a <b"),
        ] {
            assert_eq!(plain(text), expected, "{text}");
        }
    }
}
