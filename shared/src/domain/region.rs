//! Markets: which TikTok app, which call, which policy.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A TikTok Shop market by its two-letter code, upper case. The United Kingdom is `GB`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct Region(String);

/// The call that sends a first tracking number.
/// Source: TikTok Partner Center, Mark Package As Shipped (availability by market).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstCall {
    /// By order: US, UK, the EU markets and Japan.
    MarkPackageAsShipped,
    /// By package with `self_shipment`: South-East Asia and Latin America.
    ShipPackage,
}

impl Region {
    /// Reads a code; `UK` is the same market as `GB`.
    #[must_use]
    pub fn new(code: &str) -> Self {
        let code = code.trim().to_ascii_uppercase();
        Self(if code == "UK" { "GB".to_owned() } else { code })
    }

    /// The code, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Which call is known to send the first number in this market. `None`: a market that opened after this version.
    #[must_use]
    pub fn known_call(&self) -> Option<FirstCall> {
        match self.as_str() {
            "US" | "GB" | "ES" | "IE" | "IT" | "DE" | "FR" | "JP" => Some(FirstCall::MarkPackageAsShipped),
            "ID" | "MY" | "PH" | "SG" | "TH" | "VN" | "BR" | "MX" => Some(FirstCall::ShipPackage),
            _ => None,
        }
    }

    /// Orders may share a parcel by naming one number (US, UK, EU, JP). Elsewhere TikTok combines packages before they are
    /// shipped, and a number that is used elsewhere is a mistake. `None`: a market that opened after this version.
    /// Source: TikTok Shop Partner Center, combining orders (May 2026).
    #[must_use]
    pub fn combines_by_number(&self) -> Option<bool> {
        self.known_call().map(|call| call == FirstCall::MarkPackageAsShipped)
    }

    /// Which call to begin with in this market. An unknown one begins by order: where that is not offered TikTok says so
    /// in a documented code (21008106), changes nothing, and the answer is kept.
    #[must_use]
    pub fn first_call(&self) -> FirstCall {
        self.known_call().unwrap_or(FirstCall::MarkPackageAsShipped)
    }

    /// The call for a first number of an order: what the shop has learned (`kept`), else what its market is known for.
    /// An order that shows no package cannot be shipped by package, whatever its market is known for.
    #[must_use]
    pub fn call_for(&self, kept: Option<FirstCall>, shows_a_package: bool) -> FirstCall {
        match (kept, self.first_call()) {
            (Some(kept), _) => kept,
            (None, FirstCall::ShipPackage) if !shows_a_package => FirstCall::MarkPackageAsShipped,
            (None, known) => known,
        }
    }

    /// The markets of the EU, whose carrier list depends on the route (since 2026-03-26 in the five that were open then).
    #[must_use]
    pub fn needs_route(&self) -> bool {
        const EU: [&str; 27] = [
            "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU",
            "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
        ];
        EU.contains(&self.as_str())
    }
}

impl FirstCall {
    /// What is tried when TikTok does not offer this call to a shop (21008106), once for each order: the one that is
    /// then accepted is kept for the shop. Markets change, so what was kept is no more than the first try.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::MarkPackageAsShipped => Self::ShipPackage,
            Self::ShipPackage => Self::MarkPackageAsShipped,
        }
    }
}

impl From<String> for Region {
    fn from(code: String) -> Self {
        Self::new(&code)
    }
}

impl From<Region> for String {
    fn from(region: Region) -> String {
        region.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// TikTok registers US apps apart from those for the rest of the world: own key, secret, service id and webhook path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AppRegion {
    /// `partner.us.tiktokshop.com`.
    Us,
    /// `partner.tiktokshop.com`.
    Row,
}

impl AppRegion {
    /// Both apps.
    pub const ALL: [Self; 2] = [Self::Us, Self::Row];

    /// The word in addresses, commands and keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Us => "us",
            Self::Row => "row",
        }
    }

    /// The app of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|app| app.as_str().eq_ignore_ascii_case(word))
    }
}

impl fmt::Display for AppRegion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use FirstCall::{MarkPackageAsShipped, ShipPackage};

    #[test]
    fn a_market_begins_with_the_call_it_is_known_for_and_goes_on_with_what_it_accepted() {
        for (market, kept, package, call) in [
            ("US", None, false, MarkPackageAsShipped),
            ("UK", None, true, MarkPackageAsShipped),
            ("BR", None, true, ShipPackage),
            // Nothing to ship by package: the order shows none.
            ("BR", None, false, MarkPackageAsShipped),
            // Opened after this version.
            ("PL", None, true, MarkPackageAsShipped),
            ("PL", Some(ShipPackage), true, ShipPackage),
            // A cross-border seller in the UK.
            ("GB", Some(ShipPackage), true, ShipPackage),
            ("BR", Some(MarkPackageAsShipped), true, MarkPackageAsShipped),
        ] {
            assert_eq!(Region::new(market).call_for(kept, package), call, "{market} {kept:?} {package}");
        }
        assert_eq!((MarkPackageAsShipped.other(), ShipPackage.other()), (ShipPackage, MarkPackageAsShipped));
        assert_eq!(Region::new("PL").known_call(), None);
    }

    #[test]
    fn a_new_market_of_the_eu_asks_for_carriers_by_route() {
        for (market, by_route) in
            [("DE", true), ("PL", true), ("NL", true), ("GB", false), ("US", false), ("CH", false)]
        {
            assert_eq!(Region::new(market).needs_route(), by_route, "{market}");
        }
    }
}
