//! Matches number patterns: small anchored expressions over `0-9A-Z` with the groups `payload` and `check`.
//!
//! The carrier data uses a corner of the usual language: `^ $ \d [A-Z0-9] (?:…) (?P<name>…) | ? {n} {n,m}`. Reading just
//! that keeps a cold start short: a general engine takes longer for these expressions than everything else here together.

/// Steps of the longest program: far above any real pattern, so that data cannot make start-up slow.
const MOST_STEPS: usize = 2_000;
/// Groups inside groups.
const DEEPEST: usize = 8;
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

/// Jumps are counted from the step behind them, so that a run of steps can be repeated as it is.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// One character of a set.
    Take(u64),
    /// Go on with the next step or, failing that, so many steps further.
    Either(usize),
    /// Go on so many steps further.
    Skip(usize),
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

pub(super) const DIGITS: u64 = (1 << 10) - 1;

impl Pattern {
    /// `None`: not an anchored expression of the kind described above.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('^')?.strip_suffix('$')?;
        let mut reader = Reader { rest: inner.as_bytes(), depth: 0 };
        // No choice out here: the anchors would belong to its outer branches only.
        let Part { steps, lengths, first } = reader.sequence()?;
        reader.rest.is_empty().then_some(Self { steps, lengths, first })
    }

    /// The sets with which every match begins, up to the first choice or the first set of more than three characters:
    /// `TB[ACM]` of `TB[ACM]\d{12}`.
    pub(super) fn fixed(&self) -> impl Iterator<Item = u64> {
        let takes = self.steps.iter().filter(|step| !matches!(step, Step::Mark(_)));
        takes
            .map_while(|step| if let Step::Take(set) = step { Some(*set) } else { None })
            .take_while(|set| set.count_ones() <= 3)
    }

    /// Nothing but digits in any order matches.
    pub(super) fn digits_only(&self) -> bool {
        self.steps.iter().all(|step| !matches!(step, Step::Take(set) if *set != DIGITS))
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
                Some(Step::Either(further)) => {
                    later.push((step + 1 + further, at, groups));
                    false
                }
                Some(Step::Skip(further)) => {
                    step += further;
                    false
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

/// A piece of a pattern.
#[derive(Clone, Default)]
struct Part {
    steps: Vec<Step>,
    lengths: (usize, usize),
    first: u64,
}

impl Part {
    fn take(set: u64) -> Self {
        Self { steps: vec![Step::Take(set)], lengths: (1, 1), first: set }
    }

    fn then(&mut self, next: &Self) -> Option<()> {
        if self.lengths.0 == 0 {
            self.first |= next.first;
        }
        self.lengths = (self.lengths.0 + next.lengths.0, self.lengths.1 + next.lengths.1);
        self.steps.extend_from_slice(&next.steps);
        (self.steps.len() <= MOST_STEPS).then_some(())
    }

    fn repeat(&self, least: usize, most: usize) -> Option<Self> {
        let optional = most.checked_sub(least)?;
        if most.checked_mul(self.steps.len() + 1)? > MOST_STEPS {
            return None;
        }
        let mut all = Self::default();
        for _ in 0..least {
            all.then(self)?;
        }
        for left in (1..=optional).rev() {
            let end = left * (self.steps.len() + 1) - 1;
            all.then(&Self { steps: vec![Step::Either(end)], ..Self::default() })?;
            all.then(&Self { lengths: (0, self.lengths.1), ..self.clone() })?;
        }
        Some(all)
    }

    fn or(self, other: &Self) -> Self {
        let mut steps = vec![Step::Either(self.steps.len() + 1)];
        steps.extend(self.steps);
        steps.push(Step::Skip(other.steps.len()));
        steps.extend_from_slice(&other.steps);
        let lengths = (self.lengths.0.min(other.lengths.0), self.lengths.1.max(other.lengths.1));
        Self { steps, lengths, first: self.first | other.first }
    }
}

struct Reader<'p> {
    rest: &'p [u8],
    depth: usize,
}

impl Reader<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let found = self.rest.strip_prefix(token.as_bytes());
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn choice(&mut self) -> Option<Part> {
        self.depth += 1;
        let mut branches = vec![self.sequence()?];
        while self.eat("|") {
            branches.push(self.sequence()?);
        }
        self.depth -= 1;
        let last = branches.pop()?;
        Some(branches.into_iter().rfold(last, |others, branch| branch.or(&others)))
    }

    fn sequence(&mut self) -> Option<Part> {
        let mut all = Part::default();
        while !matches!(self.rest.first(), None | Some(b'|' | b')')) {
            let one = self.item()?;
            let one = match self.times()? {
                (1, 1) => one,
                (least, most) => one.repeat(least, most)?,
            };
            all.then(&one)?;
        }
        Some(all)
    }

    fn item(&mut self) -> Option<Part> {
        if self.eat("(?:") {
            return self.group(None);
        }
        if self.eat("(?P<payload>") {
            return self.group(Some((Edge::PayloadStart, Edge::PayloadEnd)));
        }
        if self.eat("(?P<check>") {
            return self.group(Some((Edge::CheckStart, Edge::CheckEnd)));
        }
        if self.eat(r"\d") {
            return Some(Part::take(DIGITS));
        }
        if self.eat("[") {
            return self.set().map(Part::take);
        }
        self.next().and_then(bit).map(Part::take)
    }

    fn group(&mut self, edges: Option<(Edge, Edge)>) -> Option<Part> {
        if self.depth >= DEEPEST {
            return None;
        }
        let mut inside = self.choice()?;
        if !self.eat(")") {
            return None;
        }
        if let Some((start, end)) = edges {
            inside.steps.insert(0, Step::Mark(start));
            inside.steps.push(Step::Mark(end));
        }
        Some(inside)
    }

    fn set(&mut self) -> Option<u64> {
        let mut set = 0;
        while !self.eat("]") {
            let from = self.next()?;
            let to = if self.eat("-") { self.next()? } else { from };
            bit(to).filter(|_| from <= to)?;
            for byte in from..=to {
                set |= bit(byte)?;
            }
        }
        (set != 0).then_some(set)
    }

    fn times(&mut self) -> Option<(usize, usize)> {
        if self.eat("?") {
            return Some((0, 1));
        }
        if !self.eat("{") {
            return Some((1, 1));
        }
        let least = self.number()?;
        let most = if self.eat(",") { self.number()? } else { least };
        (self.eat("}") && most > 0).then_some((least, most))
    }

    fn number(&mut self) -> Option<usize> {
        let mut value: Option<usize> = None;
        while let Some(digit @ b'0'..=b'9') = self.rest.first() {
            value = Some(value.unwrap_or(0).checked_mul(10)?.checked_add(usize::from(digit - b'0'))?);
            self.rest = self.rest.get(1..)?;
        }
        value
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
        for text in [
            "",
            "^",
            r"\d{8}",
            r"^\d{8}",
            r"^\d+$",
            "^a$",
            "^é$",
            "^($",
            "^[A-$",
            "^[]$",
            "^[Z-A]$",
            "^[A-é]$",
            "^1{$",
            "^1{2,1}$",
            "^1{99999999999999999999}$",
            "^(?:(?:[A-Z]{99}){99}){99}$",
            r"^\d{4}\b\d$",
            "^1|2$",
            "^(?P<other>1)$",
            "^1)$",
        ] {
            assert!(Pattern::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn groups_inside_groups_are_bounded() {
        assert!(Pattern::parse(&format!("^{}1{}$", "(?:".repeat(10_000), ")".repeat(10_000))).is_none());
    }

    #[test]
    fn a_pattern_whose_choices_multiply_gives_up() {
        let pattern = Pattern::parse("^(?:1?1?){40}2$").expect("parses");
        assert_eq!(pattern.groups(&"1".repeat(40)), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        #[test]
        fn any_text_is_read_as_a_pattern_without_panic(text in "\\^([0-9A-Z]|\\\\d|\\[|\\]|\\(\\?:|\\)|\\||\\?|\\{[0-9]\\}|é|-){0,20}\\$") {
            if let Some(pattern) = Pattern::parse(&text) {
                let general = regex::Regex::new(&text).expect("a pattern of ours is one of everybody's");
                for sample in ["", "1", "12", "AB12", "0000000000"] {
                    prop_assert_eq!(pattern.groups(sample).is_some(), general.is_match(sample), "{} {}", text, sample);
                }
            }
        }

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
