//! Links in number fields. A carrier's own tracking link holds a number in a known place; any other link is junk.

use crate::carriers::carrier::Carrier;
use crate::carriers::catalogue::Catalogue;
use crate::carriers::web_domain::registrable;
use std::borrow::Cow;
use url::Url;

/// Query parameters in which carriers' tracking pages take a number. Source: carrier data, `url_rescue`.
const PARAMETERS: &[&str] = &[
    "tlabels",
    "qtc_tlabels1",
    "tracknum",
    "tracknums",
    "inquirynumber1",
    "trknbr",
    "tracknumbers",
    "trackingnumber",
    "tracknumber",
    "trackingnumbers",
    "tracking-id",
    "trackingid",
    "parcelnumber",
    "parcelcode",
    "parcel",
    "reference",
    "consignment",
    "airbill",
    "piececode",
    "number",
    "no",
    "nums",
    "id",
    "searchid",
    "item",
    "code",
    "match",
    "tracking",
    "tracking-number",
];
/// Links longer than this are not read.
const LONGEST_LINK: usize = 1_000;

/// What a link says.
#[derive(Debug)]
pub(super) struct Link<'c> {
    /// The carriers whose web domain it is: a hint where nobody named one.
    pub(super) carriers: Vec<&'c Carrier>,
    /// Texts that stand where a number would.
    pub(super) texts: Vec<String>,
    /// Texts behind `#`: shown to people, never taken.
    pub(super) shown: Vec<String>,
}

/// Whether the text is, or holds, a link.
pub(super) fn holds_link(text: &str) -> bool {
    text.contains("://") || text.to_ascii_lowercase().starts_with("www.")
}

impl Catalogue {
    /// Reads the only link of a text. `None`: no link, several, or not a carrier's.
    pub(super) fn link(&self, text: &str) -> Option<Link<'_>> {
        let mut links = text.split_whitespace().filter(|word| holds_link(word));
        let (link, None) = (links.next()?, links.next()) else { return None };
        if link.len() > LONGEST_LINK {
            return None;
        }
        let link = link.trim_matches(|c: char| matches!(c, '<' | '>' | '(' | ')' | '"' | '\'' | ',' | ';'));
        let link: Cow<'_, str> = if link.contains("://") { link.into() } else { format!("https://{link}").into() };
        let url = Url::parse(&link).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        let domain = registrable(url.host_str()?)?;
        let carriers = self.domains.get(&domain)?.iter().filter_map(|at| self.carriers().get(*at)).collect();
        let parameters = url
            .query_pairs()
            .filter(|(name, _)| PARAMETERS.contains(&name.to_ascii_lowercase().as_str()))
            .flat_map(|(_, value)| value.split([',', ';', ' ', '\n']).map(str::to_owned).collect::<Vec<_>>());
        let steps = url.path_segments().into_iter().flatten().filter(|step| step.bytes().any(|b| b.is_ascii_digit()));
        let steps = steps.map(|step| percent_encoding::percent_decode_str(step).decode_utf8_lossy().into_owned());
        let texts = parameters.chain(steps).filter(|text| !text.trim().is_empty()).collect();
        let shown = url.fragment().unwrap_or_default().split(['/', '=', '&', '?']);
        let shown = shown.filter(|step| step.bytes().any(|b| b.is_ascii_digit())).map(str::to_owned).collect();
        Some(Link { carriers, texts, shown })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriers_own_link_gives_the_number_and_a_hint_of_the_carrier() {
        for (text, keys, texts) in [
            (
                "https://www.ups.com/track?loc=en_US&tracknum=1Z999AA10123456784&requester=WT",
                vec!["ups"],
                vec!["1Z999AA10123456784"],
            ),
            ("https://tools.usps.com/go/TrackConfirmAction?tLabels=1%2C2", vec!["usps"], vec!["1", "2"]),
            ("www.evri.com/track/parcel/H06R4A1011299623/details", vec!["evri"], vec!["H06R4A1011299623"]),
            ("see https://track.dpd.co.uk/?reference=15501234567890#results", vec!["dpd_uk"], vec!["15501234567890"]),
        ] {
            let link = Catalogue::bundled().link(text).expect("a carrier's link");
            assert_eq!(link.carriers.iter().map(|c| c.key.as_str()).collect::<Vec<_>>(), keys, "{text}");
            assert_eq!(link.texts, texts, "{text}");
        }
    }

    #[test]
    fn any_other_link_is_no_source_of_numbers() {
        for text in [
            "https://example.com/orders/1001",
            "https://ups.com.example.net/track?tracknum=1Z999AA10123456784",
            "gid://shopify/Fulfillment/1234567890",
            "https://www.ups.com/a https://www.ups.com/b",
            "https://[::1]/x",
            "://",
            "www.",
        ] {
            assert!(Catalogue::bundled().link(text).is_none(), "{text}");
        }
    }
}
