//! Pictures of numbers, drawn here as SVG: readable without colour, with words for those who do not see them. Colours
//! come from the style, so that they follow light and dark.

use std::fmt::Write as _;

/// A bar with a part that is marked.
pub(super) struct Bar {
    /// Below it.
    pub(super) label: String,
    /// In words.
    pub(super) name: String,
    /// Its height.
    pub(super) whole: u32,
    /// The marked part of it.
    pub(super) part: u32,
}

/// Pixels of the picture.
const WIDTH: u32 = 700;
const HEIGHT: u32 = 150;
/// Above the highest bar stands its number; below each, its label.
const ABOVE: u32 = 18;
const BELOW: u32 = 20;

/// A share in per cent, for example `2.5 %`.
#[must_use]
pub(super) fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return "none".to_owned();
    }
    percent(f64::from(part) / f64::from(whole))
}

/// A share between 0 and 1, in per cent.
#[must_use]
pub(super) fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// Upright bars. `words` says all of it; `part` names the marked part.
#[must_use]
pub(super) fn bars(words: &str, bars: &[Bar], part: &str) -> String {
    let highest = bars.iter().map(|bar| bar.whole).max().unwrap_or_default().max(1);
    let count = u32::try_from(bars.len()).unwrap_or(1).max(1);
    let (step, room) = (WIDTH / count, HEIGHT - ABOVE - BELOW);
    let width = step * 7 / 10;
    let height = |n: u32| if n == 0 { 0 } else { (n * room / highest).max(2) };
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\
         <defs><pattern id=\"marked\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" class=\"c-mark\"/>\
         <rect width=\"2.4\" height=\"6\" class=\"c-line\"/></pattern></defs>",
        escaped(words)
    );
    let base = HEIGHT - BELOW;
    for (bar, at) in bars.iter().zip(0u32..) {
        let x = at * step + (step - width) / 2;
        let (whole, marked) = (height(bar.whole), height(bar.part));
        let middle = x + width / 2;
        let marks = if bar.part > 0 { format!(", {} {part}", bar.part) } else { String::new() };
        let _ = write!(
            svg,
            "<g><title>{}: {}{marks}</title><rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{whole}\" class=\"c-bar\"/>",
            escaped(&bar.name),
            bar.whole,
            base - whole
        );
        if marked > 0 {
            let _ = write!(
                svg,
                "<rect x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{marked}\" fill=\"url(#marked)\"/>",
                base - marked
            );
        }
        if bar.whole > 0 {
            let _ = write!(svg, "<text x=\"{middle}\" y=\"{}\">{}</text>", base - whole - 4, bar.whole);
        }
        let _ = write!(svg, "<text x=\"{middle}\" y=\"{}\">{}</text></g>", HEIGHT - 5, escaped(&bar.label));
    }
    svg.push_str("</svg>");
    svg
}

/// A lying bar of a share, with a mark where TikTok's limit is.
#[must_use]
pub(super) fn meter(words: &str, share: f64, limit: f64) -> String {
    let x = |share: f64| (share.clamp(0.0, 1.0) * 300.0).round();
    format!(
        "<svg class=\"chart thin\" viewBox=\"0 0 300 16\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\
         <rect x=\"0\" y=\"4\" width=\"300\" height=\"8\" class=\"c-rest\"/>\
         <rect x=\"0\" y=\"4\" width=\"{1}\" height=\"8\" class=\"c-bar\"/>\
         <rect x=\"{2}\" y=\"0\" width=\"2\" height=\"16\" class=\"c-line\"/></svg>",
        escaped(words),
        x(share),
        x(limit)
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_says_its_numbers_in_words_and_holds_no_markup_of_others() {
        let bar = |whole, part| Bar { label: "7".into(), name: "Tue <7>".into(), whole, part };
        let svg = bars("Sent: \"5\"", &[bar(5, 2), bar(0, 0)], "late");
        assert!(
            svg.contains("aria-label=\"Sent: &quot;5&quot;\"") && svg.contains("Tue &lt;7&gt;: 5, 2 late"),
            "{svg}"
        );
        assert!(svg.contains(">5</text>") && !svg.contains("style="), "{svg}");
        assert_eq!((share(1, 40), share(0, 0)), ("2.5 %".to_owned(), "none".to_owned()));
    }
}
