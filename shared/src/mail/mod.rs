//! Mails to the seller's side: words, layout, transport. Nothing here knows rows or schedules.
//!
//! - [`letters`]: what each mail says, from plain facts.
//! - [`render()`]: a letter as text and as HTML, from two templates.
//! - [`Mailer`]: Amazon SES, a mail server, or a folder of `.eml` files.

pub mod letters;
pub mod number_letters;
pub mod order_letters;
pub mod people_letters;
pub mod regular_letters;
pub mod samples;
mod transport;
pub mod zone;

pub use letters::Letter;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;
use std::sync::OnceLock;
pub use transport::{MailFault, Mailer};

/// A mail ready to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// For readers of plain text.
    pub text: String,
    /// For everyone else.
    pub html: String,
}

/// A template of ours is broken; a test rules that out for the built version.
#[derive(Debug, thiserror::Error)]
#[error("a mail cannot be written")]
pub struct BrokenTemplate(#[from] minijinja::Error);

#[derive(Serialize)]
struct Page<'a> {
    letter: &'a Letter,
}

/// Writes a letter as text and as HTML.
///
/// # Errors
/// [`BrokenTemplate`].
pub fn render(letter: &Letter) -> Result<Message, BrokenTemplate> {
    static TEMPLATES: OnceLock<Environment<'static>> = OnceLock::new();
    let templates =
        TEMPLATES.get_or_init(|| {
            let mut templates = Environment::new();
            templates.set_trim_blocks(true);
            templates.set_lstrip_blocks(true);
            templates.set_auto_escape_callback(|name| {
                if name.ends_with(".html") { AutoEscape::Html } else { AutoEscape::None }
            });
            templates
        });
    let html = include_str!("templates/letter.html");
    let text = include_str!("templates/letter.txt");
    Ok(Message {
        subject: one_line(&letter.subject),
        html: templates.render_named_str("letter.html", html, Page { letter })?,
        text: templates.render_named_str("letter.txt", text, Page { letter })?,
    })
}

/// A shop's name may hold anything; a subject is one line.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_is_written_in_both_forms_with_its_link() {
        for (name, letter) in samples::all() {
            let message = render(&letter).expect("renders");
            let url = letter.action.as_ref().map(|action| action.url.clone()).expect("a link");
            assert!(message.text.contains(&url), "{name}: {}", message.text);
            assert!(message.html.contains("<!doctype html>") && message.html.contains("href="), "{name}");
            assert!(!message.text.contains("{{") && !message.html.contains("{{"), "{name}");
            assert!(!message.text.lines().any(|line| line.ends_with(' ')), "{name}: {}", message.text);
        }
    }

    #[test]
    fn the_subjects_are_those_that_merchants_filter_by() {
        let subjects: Vec<String> =
            samples::all().iter().map(|(_, letter)| render(letter).expect("renders").subject).collect();
        assert_eq!(
            subjects,
            [
                "Sample Mugs: reconnect TikTok Shop by 20 December 2026 (30 days left)",
                "Sample Mugs: TikTok Shop disconnected - tracking is paused",
                "Sample Mugs: reconnect is 7 days overdue - tracking still runs",
                "Sample Mugs: app access was removed in Seller Center",
                "Sample Mugs: reconnected, 12 trackings sent",
                "Sample Mugs: 2 orders need tracking today",
                "Sample Mugs: 1 order due in 4 h, 1 in 24 h",
                "Sample Mugs: 1 parcel lost, 1 order cancelled by others",
                "Sample Mugs: new carrier Blue Van needs a match (4 orders)",
                "Sample Mugs: TikTok accepted 1 with a warning",
                "Sample Mugs: TikTok refused 2 tracking numbers",
                "Sample Mugs: TikTok carrier list changed",
                "Sample Mugs: weekly tracking report",
                "Sign in to Waybill",
                "Sample Mugs: you are invited to Waybill",
            ]
        );
    }

    #[test]
    fn a_shop_named_like_markup_stays_text() {
        let mut letter = samples::all()[0].1.clone();
        letter.heading = "<script>alert(1)</script>\r\nBcc: x".into();
        letter.subject.clone_from(&letter.heading);
        let message = render(&letter).expect("renders");
        assert!(!message.html.contains("<script>"), "{}", message.html);
        assert!(!message.subject.contains('\n') && !message.subject.contains('\r'));
    }
}
