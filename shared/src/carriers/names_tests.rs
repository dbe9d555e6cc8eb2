use super::*;
use crate::carriers::vocabulary::{EXTRA_NAMES, FAMILIES};
use proptest::prelude::*;

fn find(name: &str, region: Option<&str>) -> NameAnswer<'static> {
    let region = region.map(Region::new);
    Catalogue::bundled().by_name(name, region.as_ref(), None)
}

fn key(name: &str, region: &str) -> Option<&'static str> {
    find(name, Some(region)).carrier.map(|carrier| carrier.key.as_str())
}

#[test]
fn a_name_is_matched_by_the_first_step_that_answers() {
    for (name, region, carrier, how) in [
        ("USPS", "US", "usps", How::Exact),
        (" royal mail ", "GB", "royal_mail", How::Exact),
        ("U.S.P.S.", "US", "usps", How::Normalised),
        ("Royal Mail Tracked 48®", "GB", "royal_mail", How::Normalised),
        ("fedex_home_delivery", "US", "fedex", How::Normalised),
        ("Colis Prive", "FR", "colis_prive", How::Exact),
        ("Fed Ex", "US", "fedex", How::Normalised),
        ("Fed-Ex Express Saver", "US", "fedex", How::Tokens),
        ("T-Force next day", "US", "tforce", How::Tokens),
        ("R&amp;L Carriers", "US", "rl_carriers", How::Normalised),
        ("Day &amp;amp; Ross", "US", "day_ross", How::Normalised),
        ("Yodel48", "GB", "yodel", How::Tokens),
        ("RM 48 Large Letter", "GB", "royal_mail", How::Tokens),
        ("Evri Tracked 48", "GB", "evri", How::Tokens),
        ("Tracked 48 Parcel", "GB", "royal_mail", How::Tokens),
        ("Yodell", "GB", "yodel", How::Spelling),
        ("Yodell 48", "GB", "yodel", How::Spelling),
        ("Parcelfroce", "GB", "parcelforce", How::Spelling),
        ("Fedx Ground", "US", "fedex", How::Spelling),
        ("Better Truks", "US", "better_trucks", How::Spelling),
        ("US Postal Servce", "US", "usps", How::Spelling),
        ("Lone Satr Overnight", "US", "lone_star_overnight", How::Spelling),
        ("Royal Mial", "GB", "royal_mail", How::Spelling),
        ("Correos Exprés", "ES", "correos_express", How::Exact),
        ("クロネコヤマト宅急便", "JP", "yamato", How::Tokens),
        ("ヤマト宅急便コンパクト", "JP", "yamato", How::Tokens),
        ("佐川急便株式会社", "JP", "sagawa", How::Tokens),
        ("日本郵便（ゆうパック）", "JP", "japan_post", How::Tokens),
        ("ゆうパック", "JP", "japan_post", How::Exact),
        ("佐川急便", "JP", "sagawa", How::Exact),
    ] {
        let answer = find(name, Some(region));
        assert_eq!(answer.carrier.map(|c| c.key.as_str()), Some(carrier), "{name}");
        assert_eq!(answer.how, Some(how), "{name}");
    }
}

#[test]
fn a_name_is_never_found_inside_another_word() {
    for name in [
        "Groups Delivery",
        "Pickups only",
        "Upstate Couriers",
        "Offspring Couriers",
        "Tusky",
        "Dxpress",
        "Sandpd",
        "USSP",
        "Evry",
        "Spring Couriers",
        "Metropolitan Couriers",
        "Pilot Courier",
        "Express DX",
    ] {
        assert_eq!(find(name, Some("GB")).carrier.map(|c| &c.key), None, "{name}");
    }
    assert_eq!(key("Spring", "ES"), Some("spring_gds"));
    assert_eq!(key("DX 24 Express", "GB"), Some("dx"));
}

#[test]
fn names_without_a_carrier_never_match() {
    for (name, kind) in [
        ("", Kind::SaysNothing),
        ("  - ", Kind::SaysNothing),
        ("Other", Kind::SaysNothing),
        ("CUSTOM", Kind::SaysNothing),
        ("Custom Value", Kind::SaysNothing),
        ("N/A", Kind::SaysNothing),
        ("Standard", Kind::NoCarrier),
        ("Free shipping", Kind::NoCarrier),
        ("Flat Rate", Kind::NoCarrier),
        ("Next day delivery", Kind::NoCarrier),
        ("Click & Collect", Kind::NoCarrier),
        ("Sendcloud", Kind::NoCarrier),
        ("UPS or USPS", Kind::Several),
        ("La Poste Belgique", Kind::Unknown),
        ("Correos Chile", Kind::Unknown),
        ("Correos Argentina", Kind::Unknown),
        ("FedEx / UPS", Kind::Several),
        ("carrier_12", Kind::Unknown),
        ("Speedy", Kind::Unknown),
        ("Bob's van", Kind::Unknown),
    ] {
        let answer = find(name, Some("US"));
        assert_eq!((answer.kind, answer.carrier.map(|c| &c.key)), (kind, None), "{name}");
    }
}

#[test]
fn the_market_decides_between_companies_of_one_name() {
    for (name, region, carrier) in [
        ("DHL", "GB", Some("dhl_uk")),
        ("DHL", "DE", Some("dhl_paket")),
        ("DHL", "US", Some("dhl_express")),
        ("DHL", "ES", Some("dhl_express")),
        ("DHL eCommerce", "UK", Some("dhl_uk")),
        ("dhl_ecommerce", "US", Some("dhl_ecommerce")),
        ("DHL eCom", "US", Some("dhl_ecommerce")),
        ("DPD Next Day", "UK", Some("dpd_uk")),
        ("DPD Next Day", "IE", Some("dpd")),
        ("DPD.de", "UK", Some("dpd")),
        ("DPD Romania", "UK", Some("dpd")),
        ("DPD Interlink", "UK", Some("dpd_uk")),
        ("GLS", "US", Some("gls_us")),
        ("GLS", "ES", Some("gls")),
        ("GLS Italy", "US", Some("gls")),
        ("Hermes", "DE", Some("hermes_de")),
        ("Hermes Standard", "GB", Some("evri")),
        ("Hermes Evri", "GB", Some("evri")),
        ("CTT", "ES", Some("ctt_express")),
        ("CTT", "PT", Some("ctt")),
        ("APC", "GB", Some("apc_overnight")),
        ("APC", "US", None),
        ("DHL Parcel", "NL", None),
        ("DHL Parcel NL", "GB", None),
        ("DHL (Deutsche Post)", "DE", Some("dhl_paket")),
    ] {
        assert_eq!(key(name, region), carrier, "{name} in {region}");
    }
    assert!(find("DHL", Some("US")).open && !find("DHL", Some("GB")).open);
    assert!(find("DPD", None).open && !find("Royal Mail", None).open);
}

#[test]
fn untracked_services_are_recognised() {
    for (name, service) in [
        ("Royal Mail", Service::Unsaid),
        ("Royal Mail Tracked 24", Service::Tracked),
        ("RM 24 Large Letter Tracked", Service::Tracked),
        ("Royal Mail Special Delivery Guaranteed by 1pm", Service::Tracked),
        ("Royal Mail 48", Service::Doubtful),
        ("RM24", Service::Doubtful),
        ("Royal Mail 2nd Class", Service::Doubtful),
        ("Royal Mail untracked", Service::Untracked),
        ("Royal Mail (not tracked)", Service::Untracked),
        ("Evri 48", Service::Unsaid),
        ("Evri non-tracked", Service::Untracked),
    ] {
        assert_eq!(find(name, Some("GB")).service, service, "{name}");
    }
}

#[test]
fn every_rule_about_names_speaks_of_known_carriers() {
    let known = |key: &str| assert!(key.is_empty() || Catalogue::bundled().carrier(key).is_some(), "{key}");
    for family in FAMILIES {
        family.members.iter().for_each(|key| known(key));
        family.by_market.iter().for_each(|(_, key)| known(key));
        known(family.otherwise);
    }
    EXTRA_NAMES.iter().for_each(|(key, _)| known(key));
}

proptest! {
    #[test]
    fn any_name_is_answered_without_panic(name in "\\PC{0,120}") {
        let _ = find(&name, Some("US"));
    }

    #[test]
    fn names_of_brand_words_are_answered_without_panic(
        name in "(DHL|UPS|Royal Mail|RM|24|Fed|Ex|DX|é|®|[ /()._-]|UK|Tracked|Sprnig|Yodell){0,30}"
    ) {
        let answer = find(&name, None);
        prop_assert_eq!(answer.carrier.is_some(), answer.kind == Kind::Carrier);
    }
}

#[test]
fn two_carriers_in_a_script_without_blanks_are_a_persons_to_choose() {
    let japan = Region::new("JP");
    for name in ["ヤマトまたは佐川", "当店スタッフ", "急便"] {
        assert!(Catalogue::bundled().by_name(name, Some(&japan), None).carrier.is_none(), "{name}");
    }
}
