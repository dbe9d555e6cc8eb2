//! Matches number patterns: small anchored expressions over `0-9A-Z` with the groups `payload` and `check`.
//!
//! A general engine compiles each expression for a millisecond's share of a cold start; these need a list of character
//! sets and a few choices, made straight from the parsed form.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Steps of the longest program: far above any real pattern, so that data cannot make start-up slow.
const MOST_STEPS: usize = 2_000;
/// Steps taken before a text is given up: bounds patterns whose choices multiply.
const MOST_WORK: usize = 20_000;

/// A pattern, ready to match whole texts.
#[derive(Debug)]
pub(super) struct Pattern {
    steps: Vec<Step>,
    /// Shortest and longest text that can match.
    pub(super) lengths: (usize, usize),
    /// Characters with which a match can begin.
    pub(super) first: u64,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// One character of a set.
    Take(u64),
    /// Go on with the next step, or with this one.
    Either(usize),
    /// Go on with this step.
    Goto(usize),
    /// A group's edge.
    Mark(Edge),
}

#[derive(Clone, Copy, Debug)]
enum Edge {
    PayloadStart,
    PayloadEnd,
    CheckStart,
    CheckEnd,
}

/// Where the groups of a match lie; equal edges: the group is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) payload: (usize, usize),
    pub(super) check: (usize, usize),
}

/// The bit of a digit or upper-case letter.
pub(super) fn bit(byte: u8) -> Option<u64> {
    match byte {
        b'0'..=b'9' => Some(1 << (byte - b'0')),
        b'A'..=b'Z' => Some(1 << (byte - b'A' + 10)),
        _ => None,
    }
}

impl Pattern {
    /// `None`: not an anchored expression of the kind described above.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let hir = regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(text).ok()?;
        let properties = hir.properties();
        let anchored =
            properties.look_set_prefix().contains(Look::Start) && properties.look_set_suffix().contains(Look::End);
        let lengths = (properties.minimum_len()?, properties.maximum_len().unwrap_or(usize::MAX));
        let mut steps = Vec::new();
        compile(&hir, &mut steps)?;
        let mut first = 0;
        first_bytes(&hir, &mut first);
        anchored.then_some(Self { steps, lengths, first })
    }

    /// Matches the whole text.
    pub(super) fn groups(&self, text: &str) -> Option<Groups> {
        let bytes = text.as_bytes();
        let mut later: Vec<(usize, usize, Groups)> = Vec::new();
        let (mut step, mut at, mut groups) = (0, 0, Groups::default());
        for _ in 0..MOST_WORK {
            let done = match self.steps.get(step) {
                None if at == bytes.len() => return Some(groups),
                None => true,
                Some(Step::Take(set)) => {
                    let taken = bytes.get(at).copied().and_then(bit).is_some_and(|bit| set & bit != 0);
                    at += 1;
                    !taken
                }
                Some(Step::Either(other)) => {
                    later.push((*other, at, groups));
                    false
                }
                Some(Step::Goto(other)) => {
                    step = *other;
                    continue;
                }
                Some(Step::Mark(edge)) => {
                    match edge {
                        Edge::PayloadStart => groups.payload = (at, at),
                        Edge::PayloadEnd => groups.payload.1 = at,
                        Edge::CheckStart => groups.check = (at, at),
                        Edge::CheckEnd => groups.check.1 = at,
                    }
                    false
                }
            };
            if done {
                (step, at, groups) = later.pop()?;
            } else {
                step += 1;
            }
        }
        None
    }
}

fn compile(hir: &Hir, steps: &mut Vec<Step>) -> Option<()> {
    if steps.len() > MOST_STEPS {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(Look::Start | Look::End) => {}
        HirKind::Look(_) => return None,
        HirKind::Literal(literal) => {
            for byte in &literal.0 {
                steps.push(Step::Take(bit(*byte)?));
            }
        }
        HirKind::Class(class) => steps.push(Step::Take(set(class))),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                compile(&repetition.sub, steps)?;
            }
            let mut open = Vec::new();
            for _ in repetition.min..repetition.max? {
                open.push(steps.len());
                steps.push(Step::Either(0));
                compile(&repetition.sub, steps)?;
            }
            let end = steps.len();
            for at in open {
                steps[at] = Step::Either(end);
            }
        }
        HirKind::Capture(capture) => {
            let edges = match capture.name.as_deref() {
                Some("payload") => Some((Edge::PayloadStart, Edge::PayloadEnd)),
                Some("check") => Some((Edge::CheckStart, Edge::CheckEnd)),
                _ => None,
            };
            steps.extend(edges.map(|(start, _)| Step::Mark(start)));
            compile(&capture.sub, steps)?;
            steps.extend(edges.map(|(_, end)| Step::Mark(end)));
        }
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| compile(part, steps))?,
        HirKind::Alternation(branches) => {
            let mut ends = Vec::new();
            for (number, branch) in branches.iter().enumerate() {
                let choice = steps.len();
                let last = number + 1 == branches.len();
                if !last {
                    steps.push(Step::Either(0));
                }
                compile(branch, steps)?;
                if !last {
                    ends.push(steps.len());
                    steps.push(Step::Goto(0));
                    steps[choice] = Step::Either(steps.len());
                }
            }
            let end = steps.len();
            for at in ends {
                steps[at] = Step::Goto(end);
            }
        }
    }
    (steps.len() <= MOST_STEPS).then_some(())
}

fn set(class: &Class) -> u64 {
    let bytes: Vec<u8> = match class {
        Class::Bytes(class) => class.ranges().iter().flat_map(|range| range.start()..=range.end()).collect(),
        Class::Unicode(class) => {
            let chars = class.ranges().iter().flat_map(|range| range.start()..=range.end().min('\u{7f}'));
            chars.filter_map(|c| u8::try_from(c).ok()).collect()
        }
    };
    bytes.into_iter().filter_map(bit).fold(0, |all, one| all | one)
}

/// Collects the characters with which a match can begin; true when the expression can match nothing.
fn first_bytes(hir: &Hir, first: &mut u64) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            *first |= literal.0.first().copied().and_then(bit).unwrap_or(0);
            false
        }
        HirKind::Class(class) => {
            *first |= set(class);
            false
        }
        HirKind::Repetition(repetition) => first_bytes(&repetition.sub, first) || repetition.min == 0,
        HirKind::Capture(capture) => first_bytes(&capture.sub, first),
        HirKind::Concat(parts) => parts.iter().all(|part| first_bytes(part, first)),
        // Every branch is visited, so no short cut here.
        HirKind::Alternation(branches) => {
            branches.iter().fold(false, |empty, branch| first_bytes(branch, first) | empty)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn patterns_match_whole_texts_only() {
        for (pattern, text, matches) in [
            (r"^\d{8}$", "12345678", true),
            (r"^\d{8}$", "123456789", false),
            (r"^\d{8}$", "1234567A", false),
            (r"^L[AIEHNX][1-3]\d{7}$", "LH36302481", true),
            (r"^L[AIEHNX][1-3]\d{7}$", "LB36302481", false),
            (r"^(?:\d{8}|\d{10}|\d{12})$", "1234567890", true),
            (r"^(?:\d{8}|\d{10}|\d{12})$", "12345678901", false),
            (r"^(?:420\d{5}(?:\d{4})?)?9\d{3}$", "9123", true),
            (r"^(?:420\d{5}(?:\d{4})?)?9\d{3}$", "4207874512349123", true),
            (r"^LTN\d{8,9}(?:N1)?$", "LTN74224021N1", true),
            (r"^LTN\d{8,9}(?:N1)?$", "LTN7422402N1", false),
            (r"^[A-Z0-9]{2,4}$", "é1", false),
            (r"^[A-Z0-9]{2,4}$", "", false),
        ] {
            let parsed = Pattern::parse(pattern).expect(pattern);
            assert_eq!(parsed.groups(text).is_some(), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn groups_lie_where_the_pattern_puts_them() {
        let pattern = Pattern::parse(r"^(?:420\d{5})?(?P<payload>9\d{2})(?P<check>\d)$").expect("parses");
        assert_eq!(pattern.groups("420787459123"), Some(Groups { payload: (8, 11), check: (11, 12) }));
        assert_eq!(pattern.groups("9123"), Some(Groups { payload: (0, 3), check: (3, 4) }));
    }

    #[test]
    fn what_is_no_pattern_of_ours_is_refused() {
        for text in [r"^\d+$", r"\d{8}", r"^\d{8}", r"^a$", r"^(", r"^(?:[A-Z]{100}){100}$", r"^\d{4}\b\d$"] {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_pattern_of_the_data_agrees_with_a_general_engine(
            carrier in any::<prop::sample::Index>(),
            text in "[0-9]{6,40}|[A-Z]{1,4}[0-9]{5,20}[A-Z]{0,2}|(420[0-9]{5})?9[0-9]{21,25}|1LS[0-9A-Z]{12,15}|[0-9A-Z]{6,40}",
        ) {
            let data: serde_json::Value = serde_json::from_str(include_str!("../../data/carriers/carriers.json")).expect("JSON");
            let carriers: Vec<_> = data.as_array().expect("carriers").iter().collect();
            for shape in carrier.get(&carriers)["formats"].as_array().expect("shapes") {
                let text_of = shape["regex"].as_str().expect("a pattern");
                let ours = Pattern::parse(text_of).expect(text_of);
                let general = regex::Regex::new(text_of).expect(text_of);
                prop_assert_eq!(ours.groups(&text).is_some(), general.is_match(&text), "{}", text_of);
            }
        }
    }
}
