//! Finding the TikTok order id in a store's order.
//!
//! Ids are decimal text of 17 to 19 digits; those in free text start with 5. The search: first the field that a person
//! set for this store, then everything else at once. One distinct candidate is a match, several are a question for a
//! person, none says that the order is not TikTok's or not yet marked. Tracking numbers, phones and the store's own ids
//! are never searched.

use crate::domain::fulfilment::OrderLink;
use crate::domain::ids::TikTokOrderId;
use icu_normalizer::DecomposingNormalizerBorrowed;
use std::borrow::Cow;

/// More candidates than a person could choose from.
const MOST_CANDIDATES: usize = 10;
/// Text beyond this is no order field; bounds the work.
const LONGEST: usize = 64 * 1024;

/// What a store's order says, to be searched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Search {
    own: Vec<TikTokOrderId>,
    found: Vec<TikTokOrderId>,
    traces: bool,
}

impl Search {
    /// The field that a person set for this store: looked at before all others.
    pub(crate) fn own_field(&mut self, text: &str) {
        self.traces |= !text.trim().is_empty();
        match whole_id(text) {
            Some(id) => add(&mut self.own, id),
            None => ids_in(text, &mut self.own),
        }
    }

    /// A field that exists to hold the id: the whole value counts, whatever its first digit.
    pub(crate) fn id_field(&mut self, text: &str) {
        self.traces |= !text.trim().is_empty();
        match whole_id(text) {
            Some(id) => add(&mut self.found, id),
            None => ids_in(text, &mut self.found),
        }
    }

    /// Free text: name, note, tag, comment.
    pub(crate) fn free_text(&mut self, text: &str) {
        self.mark(text);
        ids_in(text, &mut self.found);
    }

    /// A named value that somebody attached to the order.
    pub(crate) fn attribute(&mut self, key: &str, value: &str) {
        self.mark(key);
        match meaning(key) {
            KeyMeaning::OrderId => self.id_field(value),
            KeyMeaning::Other => self.free_text(value),
            KeyMeaning::SomethingElse => self.mark(value),
        }
    }

    /// A tag: free text, or a name and a value (`TikTokOrderID:576…`).
    pub(crate) fn tag(&mut self, tag: &str) {
        match tag.split_once([':', '=']) {
            Some((key, value)) => self.attribute(key, value),
            None => self.free_text(tag),
        }
    }

    /// A field that exists for something else. It counts only while no other field holds an id and something speaks of
    /// TikTok: search it last.
    pub(crate) fn last_resort(&mut self, text: &str) {
        if self.traces && self.own.is_empty() && self.found.is_empty() {
            ids_in(text, &mut self.found);
        }
    }

    /// Whether something that was searched so far speaks of TikTok.
    pub(crate) fn speaks_of_tiktok(&self) -> bool {
        self.traces
    }

    /// A text that may show that TikTok has to do with the order, but holds no id.
    pub(crate) fn mark(&mut self, text: &str) {
        self.traces = self.traces || mentions_tiktok(text);
    }

    /// The result. `other_channel`: the store says for certain where the order was placed, and it was not TikTok; it
    /// counts only while nothing hints at TikTok.
    pub(crate) fn link(self, other_channel: bool) -> OrderLink {
        let mut found = if self.own.is_empty() { self.found } else { self.own };
        match found.len() {
            0 if other_channel && !self.traces => OrderLink::OtherChannel,
            0 => OrderLink::NotFound,
            1 => found.pop().map_or(OrderLink::NotFound, OrderLink::Found),
            _ => OrderLink::Ambiguous(found),
        }
    }
}

/// Whether a text speaks of TikTok.
pub(crate) fn mentions_tiktok(text: &str) -> bool {
    let text = text.get(..LONGEST).unwrap_or(text);
    let lower = text.to_lowercase();
    ["tiktok", "tik tok", "tik-tok", "tik_tok"].iter().any(|name| lower.contains(name))
        || words(text).iter().any(|word| {
            // `TTOK-576…`, and the same without the dash.
            word == "tts" || word.strip_prefix("ttok").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()))
        })
}

enum KeyMeaning {
    OrderId,
    SomethingElse,
    Other,
}

/// How words for an order begin, in the languages of the markets.
const ORDER: [&str; 10] =
    ["order", "bestell", "auftrag", "commande", "pedido", "orden", "ordine", "ordre", "encomenda", "zamow"];
/// How words begin for things whose numbers at TikTok look like an order's. They end the matter.
const ANOTHER_THING: [&str; 13] = [
    "track", "package", "parcel", "paket", "sendung", "shipment", "item", "lineitem", "sku", "product", "produkt",
    "artikel", "waybill",
];
/// Words for people, places and payments. TikTok and order together outweigh them.
const WEAK: [&str; 26] = [
    "phone",
    "telephone",
    "telefon",
    "mobile",
    "movil",
    "celular",
    "cellulare",
    "handy",
    "seller",
    "vendeur",
    "vendedor",
    "buyer",
    "acheteur",
    "comprador",
    "customer",
    "client",
    "kunde",
    "transaction",
    "user",
    "usuario",
    "utilisateur",
    "warehouse",
    "creator",
    "merchant",
    "payment",
    "paiement",
];

/// What the key of an attribute says about its value. Only whole words count: "Bestellnummer" holds "tel" and "Online"
/// holds "line".
fn meaning(key: &str) -> KeyMeaning {
    let key = without_accents(key);
    let words = words(&key);
    let begins = |stems: &[&str]| words.iter().any(|word| stems.iter().any(|stem| word.starts_with(stem)));
    let has = |one: &str| words.iter().any(|word| word == one);
    // `tiktokorderid`, written as one word.
    let joined = words.iter().any(|word| word.starts_with("tiktokorder") || word.starts_with("ttsorder"));
    if begins(&ANOTHER_THING) || has("line") || has("lines") {
        KeyMeaning::SomethingElse
    } else if joined || (begins(&ORDER) && (mentions_tiktok(&key) || has("channel"))) {
        KeyMeaning::OrderId
    } else if begins(&WEAK) || has("tel") || (has("id") && has("shop")) {
        KeyMeaning::SomethingElse
    } else {
        KeyMeaning::Other
    }
}

/// "Téléphone" and "Zamówienie" are the words without their accents.
fn without_accents(key: &str) -> Cow<'_, str> {
    if key.is_ascii() {
        return Cow::Borrowed(key);
    }
    let apart = DecomposingNormalizerBorrowed::new_nfd().normalize_iter(key.chars());
    Cow::Owned(apart.filter(|c| !matches!(c, '\u{300}'..='\u{36f}')).take(LONGEST).collect())
}

/// The words of a key in lower case: parted by anything but letters and digits, and where a capital begins a word.
pub(crate) fn words(key: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = key.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next_is_small = chars.peek().is_some_and(|next| next.is_lowercase());
        let capital = c.is_uppercase() && (before.is_lowercase() || (before.is_uppercase() && next_is_small));
        // "TikTok" is one name, not two words.
        if (!c.is_alphanumeric() || (capital && word != "tik")) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The whole text as an id: 17 to 19 digits and nothing else.
fn whole_id(text: &str) -> Option<TikTokOrderId> {
    let text = text.trim();
    ((17..=19).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| TikTokOrderId::parse(text).ok())
        .flatten()
}

/// Runs of exactly 17 to 19 digits that start with 5.
fn ids_in(text: &str, found: &mut Vec<TikTokOrderId>) {
    let bytes = text.as_bytes();
    for run in bytes.get(..LONGEST).unwrap_or(bytes).split(|byte| !byte.is_ascii_digit()) {
        if (17..=19).contains(&run.len())
            && run.first() == Some(&b'5')
            && let Some(id) = std::str::from_utf8(run).ok().and_then(whole_id)
        {
            add(found, id);
        }
    }
}

fn add(found: &mut Vec<TikTokOrderId>, id: TikTokOrderId) {
    if found.len() < MOST_CANDIDATES && !found.contains(&id) {
        found.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn id(text: &str) -> TikTokOrderId {
        TikTokOrderId::parse(text).expect("digits")
    }

    fn searched(fill: impl FnOnce(&mut Search)) -> OrderLink {
        let mut search = Search::default();
        fill(&mut search);
        search.link(true)
    }

    #[test]
    fn one_candidate_is_a_match_however_it_is_wrapped() {
        for text in [
            "576000000000000017",
            "TTS-576000000000000017-US",
            "tts-576000000000000017",
            "TikTok Shop order ID: 576000000000000017.",
            "é576000000000000017é",
            "576000000000000017(1)",
            "576000000000000017, again 576000000000000017",
        ] {
            assert_eq!(searched(|s| s.free_text(text)), OrderLink::Found(id("576000000000000017")), "{text}");
        }
    }

    #[test]
    fn digits_of_another_length_or_start_are_no_order_id() {
        for text in ["5760000000000000", "57600000000000001799", "9400100000000000000", "1576000000000000017000"] {
            assert_eq!(searched(|s| s.free_text(text)), OrderLink::OtherChannel, "{text}");
        }
    }

    #[test]
    fn several_different_candidates_are_a_question_for_a_person() {
        let link = searched(|s| {
            s.attribute("TikTok Order ID", "576000000000000017");
            s.free_text("TikTok 576000000000000024");
        });
        assert_eq!(link, OrderLink::Ambiguous(vec![id("576000000000000017"), id("576000000000000024")]));
    }

    #[test]
    fn the_field_set_for_the_store_goes_before_all_others() {
        let link = searched(|s| {
            s.free_text("576000000000000024");
            s.own_field("176000000000000017");
        });
        assert_eq!(link, OrderLink::Found(id("176000000000000017")));
    }

    #[test]
    fn attributes_that_hold_other_numbers_are_left_alone() {
        for key in ["tracking_number", "TikTok line item ids", "tiktok_package_id", "phone", "TikTok product"] {
            assert!(
                matches!(
                    searched(|s| s.attribute(key, "576000000000000017")),
                    OrderLink::NotFound | OrderLink::OtherChannel
                ),
                "{key}"
            );
        }
    }

    #[test]
    fn an_order_of_another_channel_is_certain_only_without_a_trace_of_tiktok() {
        assert_eq!(searched(|s| s.free_text("gift wrap please")), OrderLink::OtherChannel);
        assert_eq!(searched(|s| s.free_text("TikTok Shop")), OrderLink::NotFound);
        assert_eq!(searched(|s| s.free_text("tts import")), OrderLink::NotFound);
        assert_eq!(searched(|s| s.free_text("giftts")), OrderLink::OtherChannel);
    }

    #[test]
    fn keys_are_read_by_whole_words() {
        for (key, expected) in [
            ("TikTok-Bestellnummer", true),
            ("TikTok Online Order", true),
            ("tiktokOrderId", true),
            ("TikTokOrderID", true),
            ("TTSOrderNumber", true),
            ("tiktokorderid", true),
            ("TTS order number", true),
            ("TikTok seller order number", true),
            ("TikTok customer order id", true),
            ("Numéro de commande TikTok", true),
            ("Zam\u{f3}wienie TikTok", true),
            ("Numero d'ordine TikTok", true),
            ("channel_order_id", true),
            ("T\u{e9}l\u{e9}phone", false),
            ("Tel\u{e9}fono m\u{f3}vil", false),
            ("Kundennummer", false),
            ("TikTok order line item", false),
            ("tiktokOrderTrackingNumber", false),
            ("TikTok Sendungsnummer", false),
            ("tiktok_shop_id", false),
            ("TikTok seller", false),
            ("tel", false),
            ("Telefon", false),
            ("customer id", false),
        ] {
            // Only a key that promises an order's number takes a value whatever its first digit.
            let link = searched(|s| s.attribute(key, "176000000000000017"));
            assert_eq!(link == OrderLink::Found(id("176000000000000017")), expected, "{key}");
            let link = searched(|s| s.attribute(key, "576000000000000017"));
            assert_eq!(link == OrderLink::Found(id("576000000000000017")), expected, "{key}");
        }
        for (tag, number) in [
            ("TikTokOrderID:176000000000000017", "176000000000000017"),
            ("TikTok 576000000000000017", "576000000000000017"),
        ] {
            assert_eq!(searched(|s| s.tag(tag)), OrderLink::Found(id(number)), "{tag}");
        }
    }

    #[test]
    fn a_field_for_something_else_counts_only_as_the_last_resort() {
        let number = "576000000000000017";
        assert_eq!(searched(|s| s.last_resort(number)), OrderLink::OtherChannel, "nothing speaks of TikTok");
        let found = searched(|s| {
            s.mark("TikTok");
            s.last_resort(number);
        });
        assert_eq!(found, OrderLink::Found(id(number)));
        let better = searched(|s| {
            s.free_text("TTOK576000000000000024");
            s.free_text("TikTok 576000000000000024");
            s.last_resort(number);
        });
        assert_eq!(better, OrderLink::Found(id("576000000000000024")));
        for (text, speaks) in [("TTOK-5", true), ("TTOK5", true), ("#TTOK", true), ("bttok", false), ("ttokyo", false)]
        {
            assert_eq!(mentions_tiktok(text), speaks, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_searched_without_harm(text in "\\PC{0,300}", key in "\\PC{0,40}") {
            let link = searched(|s| { s.attribute(&key, &text); s.own_field(&text); s.free_text(&text); });
            if let OrderLink::Found(found) = link {
                prop_assert!(text.contains(found.as_str()));
            }
        }
    }
}
