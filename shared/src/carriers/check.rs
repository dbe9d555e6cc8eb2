//! Check digits: the seven rules that carriers use, driven by the carrier data.
//!
//! Source: `carriers-meta.json`, `check_algorithms`, recomputed there against published vectors.

use serde::Deserialize;

/// A rule and its parameters as the data names them.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "algorithm", content = "params", rename_all = "snake_case")]
pub enum Check {
    /// Weighted sum, modulo 10 (GS1, UPS, OnTrac, Evri).
    WeightedMod10(Weighted),
    /// The postal union's S10 rule.
    S10(S10),
    /// FedEx: weighted sum modulo 11, then modulo 10.
    #[serde(rename = "weighted_mod11_mod10")]
    WeightedMod11Mod10(Weights),
    /// The payload as one whole number, modulo 7.
    Mod7(Empty),
    /// ISO 7064 mod 37,36: one of 36 check characters.
    #[serde(rename = "iso7064_mod37_36")]
    Iso7064Mod37(Empty),
    /// The bank cards' rule.
    Luhn(Empty),
    /// Passes when one of several does.
    AnyOf(AnyOf),
}

/// No parameters.
#[derive(Clone, Debug, Deserialize)]
pub struct Empty {}

/// Weights alone, from the left.
#[derive(Clone, Debug, Deserialize)]
pub struct Weights {
    weights: Vec<u32>,
}

/// Several rules.
#[derive(Clone, Debug, Deserialize)]
pub struct AnyOf {
    checks: Vec<Check>,
}

/// Parameters of a weighted sum.
#[derive(Clone, Debug, Deserialize)]
pub struct Weighted {
    weights: Vec<u32>,
    anchor: Anchor,
    complement: bool,
    /// Letters count as (ASCII code - 3) mod 10.
    letters: Option<Letters>,
    /// Digits that belong to the number but are not printed.
    #[serde(default)]
    prepend: String,
    #[serde(default)]
    add: u32,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Anchor {
    Left,
    Right,
}

#[derive(Clone, Copy, Debug, Deserialize)]
enum Letters {
    #[serde(rename = "ascii_minus_3_mod_10")]
    AsciiMinus3Mod10,
}

/// Parameters of the S10 rule.
#[derive(Clone, Debug, Deserialize)]
pub struct S10 {
    weights: Vec<u32>,
    /// The only suffixes for which the shape counts.
    countries: Option<Vec<String>>,
    /// Prefixes that belong to another carrier of the same country.
    #[serde(default)]
    not_prefixes: Vec<String>,
}

/// What a rule says about a number that has the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The check digit is right.
    Right,
    /// The check digit is wrong.
    Wrong,
    /// Prefix or suffix belongs to someone else; tells whether the check digit is right.
    Elsewhere(bool),
}

impl Check {
    /// Asks the rule. `payload` and `check` are the shape's groups, `whole` the text it matched; all upper case ASCII.
    #[must_use]
    pub fn answer(&self, payload: &str, check: &str, whole: &str) -> Answer {
        let right = self.digit(payload).is_some_and(|digit| check.len() == 1 && check.starts_with(digit));
        if let Self::S10(s10) = self {
            let prefix = whole.get(..2).unwrap_or_default();
            let suffix = whole.get(whole.len().saturating_sub(2)..).unwrap_or_default();
            let abroad = s10.countries.as_ref().is_some_and(|list| !list.iter().any(|c| c == suffix));
            if abroad || s10.not_prefixes.iter().any(|p| p == prefix) {
                return Answer::Elsewhere(right);
            }
        }
        if let Self::AnyOf(any) = self
            && any.checks.iter().any(|c| c.answer(payload, check, whole) == Answer::Right)
        {
            return Answer::Right;
        }
        if right { Answer::Right } else { Answer::Wrong }
    }

    /// The check character that belongs to a payload; `None` where the payload cannot have one.
    fn digit(&self, payload: &str) -> Option<char> {
        let decimal = |value: u32| char::from_digit(value, 10);
        match self {
            Self::WeightedMod10(rule) => {
                let rest = rule.sum(payload)? % 10;
                decimal(if rule.complement { (10 - rest) % 10 } else { rest })
            }
            Self::S10(rule) => match weighted(payload, &rule.weights)? % 11 {
                0 => decimal(5),
                1 => decimal(0),
                rest => decimal(11 - rest),
            },
            Self::WeightedMod11Mod10(rule) => decimal(weighted(payload, &rule.weights)? % 11 % 10),
            Self::Mod7(_) => {
                let rest = payload.chars().try_fold(0, |rest, c| Some((rest * 10 + c.to_digit(10)?) % 7))?;
                decimal(rest)
            }
            Self::Iso7064Mod37(_) => iso7064(payload),
            Self::Luhn(_) => {
                let sum = payload.chars().rev().enumerate().try_fold(0, |sum, (place, c)| {
                    let digit = c.to_digit(10)? * if place % 2 == 0 { 2 } else { 1 };
                    Some(sum + if digit > 9 { digit - 9 } else { digit })
                })?;
                decimal((10 - sum % 10) % 10)
            }
            Self::AnyOf(_) => None,
        }
    }
}

impl Weighted {
    fn sum(&self, payload: &str) -> Option<u32> {
        let value = |byte: u8| match (byte, self.letters) {
            (b'0'..=b'9', _) => Some(u32::from(byte - b'0')),
            (b'A'..=b'Z', Some(Letters::AsciiMinus3Mod10)) => Some((u32::from(byte) - 3) % 10),
            _ => None,
        };
        let all = self.prepend.bytes().chain(payload.bytes());
        let weights = self.weights.iter().cycle();
        let add = |sum: u32, (byte, weight): (u8, &u32)| Some(sum + value(byte)? * weight);
        match self.anchor {
            Anchor::Left => all.zip(weights).try_fold(self.add, add),
            Anchor::Right => all.rev().zip(weights).try_fold(self.add, add),
        }
    }
}

/// Digits times weights from the left; `None` when a character is no digit or there are more digits than weights.
fn weighted(payload: &str, weights: &[u32]) -> Option<u32> {
    if payload.len() > weights.len() {
        return None;
    }
    payload.chars().zip(weights).try_fold(0, |sum, (c, weight)| Some(sum + c.to_digit(10)? * weight))
}

fn iso7064(payload: &str) -> Option<char> {
    let mut p = 36;
    for c in payload.chars() {
        p += c.to_digit(36)?;
        if p > 36 {
            p -= 36;
        }
        p *= 2;
        if p > 36 {
            p -= 37;
        }
    }
    let c = (37 - p) % 36;
    char::from_digit(c, 36).map(|c| c.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str) -> Check {
        serde_json::from_str(json).expect("a rule of the data")
    }

    #[test]
    fn every_rule_agrees_with_its_published_vector() {
        let gs1 = r#"{"algorithm":"weighted_mod10","params":{"weights":[3,1],"anchor":"right","complement":true}}"#;
        let gs1_92 = r#"{"algorithm":"weighted_mod10","params":{"weights":[3,1],"anchor":"right","complement":true,"prepend":"92"}}"#;
        let gls =
            r#"{"algorithm":"weighted_mod10","params":{"weights":[3,1],"anchor":"right","complement":true,"add":1}}"#;
        let letters = r#"{"algorithm":"weighted_mod10","params":{"weights":[1,2],"anchor":"left","complement":true,"letters":"ascii_minus_3_mod_10"}}"#;
        let ident = r#"{"algorithm":"weighted_mod10","params":{"weights":[4,9],"anchor":"left","complement":true}}"#;
        let fedex = r#"{"algorithm":"weighted_mod11_mod10","params":{"weights":[3,1,7,3,1,7,3,1,7,3,1]}}"#;
        let s10 = r#"{"algorithm":"s10","params":{"weights":[8,6,4,2,3,5,9,7]}}"#;
        let mod7 = r#"{"algorithm":"mod7","params":{}}"#;
        let iso = r#"{"algorithm":"iso7064_mod37_36","params":{}}"#;
        let luhn = r#"{"algorithm":"luhn","params":{}}"#;
        for (rule, payload, digit, answer) in [
            (gs1, "940011120620640626078", "7", Answer::Right),
            (gs1, "940011120620640626078", "8", Answer::Wrong),
            (gs1, "56828361001273", "4", Answer::Right),
            (gs1, "0034043376175462156", "9", Answer::Right),
            (gs1_92, "6129999882082117181", "1", Answer::Right),
            (gls, "70149869428", "1", Answer::Right),
            (letters, "999AA1012345678", "4", Answer::Right),
            (letters, "999AA1012345678", "5", Answer::Wrong),
            (letters, "C1103150000187", "9", Answer::Right),
            (ident, "56557903305", "3", Answer::Right),
            (fedex, "98657878885", "5", Answer::Right),
            (fedex, "99657878885", "5", Answer::Wrong),
            (s10, "12345678", "5", Answer::Right),
            (s10, "12345678", "6", Answer::Wrong),
            (s10, "92475038", "8", Answer::Right),
            (mod7, "331881002", "5", Answer::Right),
            (mod7, "331881001", "0", Answer::Wrong),
            (iso, "09980000020033", "F", Answer::Right),
            (iso, "09980000020033", "D", Answer::Wrong),
            (iso, "00000000000000", "U", Answer::Right),
            (luhn, "32059546393", "8", Answer::Right),
        ] {
            assert_eq!(check(rule).answer(payload, digit, payload), answer, "{rule} {payload}{digit}");
        }
    }

    #[test]
    fn a_postal_number_of_another_issuer_is_told_apart_from_a_typing_error() {
        let rule = check(r#"{"algorithm":"s10","params":{"weights":[8,6,4,2,3,5,9,7],"not_prefixes":["EA"]}}"#);
        assert_eq!(rule.answer("12345678", "5", "EA123456785GB"), Answer::Elsewhere(true));
        assert_eq!(rule.answer("12345678", "6", "EA123456786GB"), Answer::Elsewhere(false));
        assert_eq!(rule.answer("12345678", "6", "RB123456786GB"), Answer::Wrong);
    }

    #[test]
    fn a_payload_that_cannot_have_a_check_digit_fails_quietly() {
        let rule = check(r#"{"algorithm":"mod7","params":{}}"#);
        for (payload, digit) in [("", ""), ("12A", "1"), ("12", "é")] {
            assert_eq!(rule.answer(payload, digit, payload), Answer::Wrong, "{payload:?} {digit:?}");
        }
    }
}
