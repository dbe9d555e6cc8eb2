//! What the model can be told to do wrong, on which calls and how often.

use super::calls::Call;
use crate::chance::Chance;
use std::time::Duration;

/// One way to fail. Where a fault has a `committed` side, the request is carried out first and only its answer is spoilt.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// Refuses with this code, known or not; nothing is changed.
    Code(i64),
    /// HTTP 429 with code 36009002, with or without `Retry-After`.
    Throttle {
        /// The header's value, if it is sent; rounded up to seconds.
        retry_after: Option<Duration>,
    },
    /// A bare HTTP status with a text that is no envelope, as a load balancer answers; nothing is changed.
    Status(u16),
    /// Code 36009007: the gateway gave up waiting.
    GatewayTimeout {
        /// Whether the request was carried out behind it.
        committed: bool,
    },
    /// The JSON ends in the middle.
    BrokenJson {
        /// Whether the request was carried out.
        committed: bool,
    },
    /// An HTML page with status 200.
    Html {
        /// Whether the request was carried out.
        committed: bool,
    },
    /// The connection is dropped before anything was done.
    ResetBefore,
    /// The request is carried out, then the connection is dropped.
    ResetAfter,
    /// No answer, nothing done.
    HangBefore,
    /// The request is carried out, then no answer comes: a time-out after commit.
    HangAfter,
    /// Waits before the request is looked at, then answers as usual.
    Delay(Duration),
    /// The request is carried out at once, its answer arrives this much later.
    Slow(Duration),
    /// The request is carried out and its answer replaced by this text.
    Answer {
        /// HTTP status.
        http: u16,
        /// `Content-Type`.
        content_type: String,
        /// Body.
        body: String,
    },
    /// A success that carries a warning (Mark Package As Shipped, US).
    Warning(String),
}

/// How often a rule strikes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Often {
    Always,
    Times(u32),
    Probability(f64),
}

/// A fault and when it strikes.
#[derive(Clone, Debug)]
pub struct FaultRule {
    fault: Fault,
    calls: Option<Vec<Call>>,
    writes: Option<bool>,
    shop: Option<String>,
    order: Option<String>,
    skip: u32,
    often: Often,
}

impl FaultRule {
    /// Strikes every request until the rule is narrowed.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        Self { fault, calls: None, writes: None, shop: None, order: None, skip: 0, often: Often::Always }
    }

    /// Only these calls.
    #[must_use]
    pub fn on(mut self, calls: &[Call]) -> Self {
        self.calls = Some(calls.to_vec());
        self
    }

    /// Only calls that write (`true`) or only those that read.
    #[must_use]
    pub fn writes(mut self, writes: bool) -> Self {
        self.writes = Some(writes);
        self
    }

    /// Only this shop.
    #[must_use]
    pub fn shop(mut self, shop: &str) -> Self {
        self.shop = Some(shop.to_owned());
        self
    }

    /// Only calls that name this order or package: in the path, or among the orders of a read.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.order = Some(id.to_owned());
        self
    }

    /// Lets this many matching requests through first.
    #[must_use]
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Strikes this often, then is gone.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.often = Often::Times(times);
        self
    }

    /// Strikes with this probability, from the model's seed.
    #[must_use]
    pub fn probability(mut self, probability: f64) -> Self {
        self.often = Often::Probability(probability);
        self
    }

    fn fits(&self, call: Option<Call>, shop: Option<&str>, named: &[&str]) -> bool {
        self.calls.as_ref().is_none_or(|calls| call.is_some_and(|call| calls.contains(&call)))
            && self.writes.is_none_or(|writes| call.is_some_and(|call| call.is_write() == writes))
            && self.shop.as_deref().is_none_or(|wanted| shop == Some(wanted))
            && self.order.as_deref().is_none_or(|wanted| named.contains(&wanted))
    }
}

/// The faults that strike one request: every delay, and the first of the others.
pub(super) fn strike(
    rules: &mut Vec<FaultRule>,
    chance: &mut Chance,
    call: Option<Call>,
    shop: Option<&str>,
    named: &[&str],
) -> (Duration, Option<Fault>) {
    let mut wait = Duration::ZERO;
    let mut struck = None;
    for rule in rules.iter_mut().filter(|rule| rule.fits(call, shop, named)) {
        let is_delay = matches!(rule.fault, Fault::Delay(_));
        if !is_delay && struck.is_some() {
            continue;
        }
        if rule.skip > 0 {
            rule.skip -= 1;
            continue;
        }
        let strikes = match &mut rule.often {
            Often::Always => true,
            Often::Times(0) => false,
            Often::Times(left) => {
                *left -= 1;
                true
            }
            Often::Probability(p) => chance.happens(*p),
        };
        match &rule.fault {
            Fault::Delay(time) if strikes => wait += *time,
            fault if strikes => struck = Some(fault.clone()),
            _ => {}
        }
    }
    rules.retain(|rule| rule.often != Often::Times(0));
    (wait, struck)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_strikes_where_and_as_often_as_it_says() {
        let mut rules = vec![
            FaultRule::new(Fault::ResetAfter).on(&[Call::MarkPackage]).shop("1").after(1).times(2),
            FaultRule::new(Fault::Delay(Duration::from_secs(1))).writes(true),
        ];
        let mut chance = Chance::new(1);
        let mut ask = |call, shop| strike(&mut rules, &mut chance, Some(call), Some(shop), &[]);
        let second = Duration::from_secs(1);
        assert_eq!(ask(Call::GetOrders, "1"), (Duration::ZERO, None));
        assert_eq!(ask(Call::MarkPackage, "2"), (second, None));
        assert_eq!(ask(Call::MarkPackage, "1"), (second, None));
        assert_eq!(ask(Call::MarkPackage, "1"), (second, Some(Fault::ResetAfter)));
        assert_eq!(ask(Call::MarkPackage, "1"), (second, Some(Fault::ResetAfter)));
        assert_eq!(ask(Call::MarkPackage, "1"), (second, None));
    }
}
