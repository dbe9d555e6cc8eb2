//! Words around carriers' names: what is no carrier, what is a service, which names depend on the market.
//!
//! These are rules about naming, not samples. Source: carrier fact sheet, section 4, and the bundled lists' aliases.

/// A name that stands for different carriers in different markets.
pub(super) struct Family {
    /// The joined name.
    pub(super) name: &'static str,
    /// Every carrier it can mean.
    pub(super) members: &'static [&'static str],
    /// Market → carrier; an empty key means that there it is none we know.
    pub(super) by_market: &'static [(&'static str, &'static str)],
    /// Everywhere else; empty: none.
    pub(super) otherwise: &'static str,
    /// Markets where the name alone does not decide between the members.
    pub(super) open_in: &'static [&'static str],
}

/// DHL has five identities in the US list alone; DPD, GLS, Hermes, CTT and APC are several companies by country.
pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "dhl",
        members: &["dhl_express", "dhl_ecommerce", "dhl_uk", "dhl_paket"],
        by_market: &[("UK", "dhl_uk"), ("DE", "dhl_paket")],
        otherwise: "dhl_express",
        open_in: &["US"],
    },
    Family {
        name: "dhlus",
        members: &["dhl_express", "dhl_ecommerce"],
        by_market: &[],
        otherwise: "dhl_express",
        open_in: &["US"],
    },
    Family {
        name: "dhlecommerce",
        members: &["dhl_ecommerce", "dhl_uk"],
        by_market: &[("UK", "dhl_uk")],
        otherwise: "dhl_ecommerce",
        open_in: &[],
    },
    // DHL Parcel elsewhere is a network of its own, which TikTok does not list.
    Family {
        name: "dhlparcel",
        members: &["dhl_uk"],
        by_market: &[("NL", ""), ("BE", ""), ("LU", ""), ("ES", ""), ("PT", ""), ("PL", "")],
        otherwise: "dhl_uk",
        open_in: &[],
    },
    Family { name: "dpd", members: &["dpd_uk", "dpd"], by_market: &[("UK", "dpd_uk")], otherwise: "dpd", open_in: &[] },
    Family { name: "gls", members: &["gls", "gls_us"], by_market: &[("US", "gls_us")], otherwise: "gls", open_in: &[] },
    Family {
        name: "hermes",
        members: &["evri", "hermes_de"],
        by_market: &[("DE", "hermes_de")],
        otherwise: "evri",
        open_in: &[],
    },
    Family {
        name: "ctt",
        members: &["ctt", "ctt_express"],
        by_market: &[("ES", "ctt_express")],
        otherwise: "ctt",
        open_in: &[],
    },
    // One merged network: OnTrac issues and tracks LaserShip's numbers too.
    Family {
        name: "lasershipontrac",
        members: &["ontrac", "lasership"],
        by_market: &[],
        otherwise: "ontrac",
        open_in: &[],
    },
    // The network that DHL eCommerce UK brought into Evri: TikTok lists both, so the number decides.
    Family { name: "evripremium", members: &["evri", "dhl_uk"], by_market: &[], otherwise: "evri", open_in: &["UK"] },
    // An American consolidator, no relation of the British network.
    Family { name: "apcpostal", members: &["apc_overnight"], by_market: &[], otherwise: "", open_in: &[] },
    Family { name: "apcpostallogistics", members: &["apc_overnight"], by_market: &[], otherwise: "", open_in: &[] },
    Family {
        name: "apc",
        members: &["apc_overnight"],
        by_market: &[("UK", "apc_overnight")],
        otherwise: "",
        open_in: &[],
    },
];

/// Other spellings of a family's name.
pub(super) const FAMILY_SPELLINGS: &[(&str, &str)] =
    &[("dhlecom", "dhlecommerce"), ("dhlecommercesolutions", "dhlecommerce")];

/// Names that the data does not list: renamed carriers, platforms' own codes, label sellers that sell one carrier only.
pub(super) const EXTRA_NAMES: &[(&str, &str)] = &[
    ("royal_mail", "Click & Drop"),
    ("royal_mail", "Click and Drop"),
    ("royal_mail", "RM Tracked"),
    ("royal_mail", "RM Special Delivery"),
    ("royal_mail", "RM Signed For"),
    ("royal_mail", "Tracked 24"),
    ("royal_mail", "Tracked 48"),
    ("ups", "upsonline"),
    ("daylight", "Daylight"),
    ("dayton", "Dayton"),
    ("usps", "US Mail"),
    ("fastway", "Fastways"),
    ("correos_express", "Correos Exprés"),
    ("usps", "Media Mail"),
    ("usps", "Library Mail"),
    ("usps", "Parcel Select"),
    ("usps", "Priority Mail Express"),
    ("usps", "First Class Mail"),
    ("usps", "First Class Package"),
    ("usps", "Postal Service"),
    ("ups", "SurePost"),
    ("ups", "Mail Innovations"),
    ("ups", "UPSMI"),
    ("fedex", "SmartPost"),
    // Sold in 2021 and renamed.
    ("tforce", "UPS Freight"),
    ("amazon_logistics", "AMZN"),
    ("apc_overnight", "The Alternative Parcels Company"),
    ("apc_overnight", "Alternative Parcels Company"),
    ("evri", "HermesWorld UK"),
    ("arrowxl", "Arrow"),
    ("rl_carriers", "R+L"),
    ("parcelforce", "PF"),
];

/// Names made of services: they count only where no brand stands beside them ("Evri Tracked 48" is Evri).
/// The same holds for a carrier whose name is a phrase of everyday words.
pub(super) const SERVICE_NAMES: &[&str] = &[
    "prioritymail",
    "prioritymailexpress",
    "groundadvantage",
    "mediamail",
    "librarymail",
    "parcelselect",
    "firstclassmail",
    "firstclasspackage",
    "tracked24",
    "tracked48",
    "clickdrop",
    "clickanddrop",
    "surepost",
    "smartpost",
    "mailinnovations",
    "postalservice",
    "deliverit",
    "deliverdirect",
];

/// Ordinary words that are also carriers: they count only as the whole name.
pub(super) const WHOLE_NAME_ONLY: &[&str] = &[
    "spring",
    "metropolitan",
    "daylight",
    "gps",
    "passport",
    "tusk",
    "pilot",
    "dayton",
    "abf",
    "aci",
    "oba",
    "ls",
    "collect",
    "landmark",
    "ems",
    "arrow",
    "pf",
    "rl",
    "registeredmail",
    "internationalpost",
];

/// Whole names (joined) that say "no carrier given": the merchant did not name one.
pub(super) const SAYS_NOTHING: &[&str] = &[
    "",
    "other",
    "others",
    "custom",
    "customvalue",
    "none",
    "na",
    "null",
    "nil",
    "undefined",
    "unknown",
    "notspecified",
    "notapplicable",
    "tbc",
    "tbd",
    "tba",
    "x",
    "xx",
    "xxx",
    "test",
];

/// Whole names (joined) that name something, but no carrier: ways of shipping, shops' rates, shipping software, brokers.
pub(super) const NO_CARRIER: &[&str] = &[
    "standard",
    "standardshipping",
    "standarddelivery",
    "standardpost",
    "economy",
    "economyshipping",
    "express",
    "expressshipping",
    "expressdelivery",
    "expressnextbusinessday",
    "nextday",
    "nextdaydelivery",
    "nextbusinessday",
    "sameday",
    "samedaydelivery",
    "overnight",
    "priority",
    "tracked",
    "trackeddelivery",
    "signedfor",
    "freeshipping",
    "freedelivery",
    "flatrate",
    "tablerate",
    "bestway",
    "domestic",
    "international",
    "internationalshipping",
    "shipping",
    "delivery",
    "courier",
    "couriers",
    "post",
    "mail",
    "parcel",
    "freight",
    "ground",
    "localdelivery",
    "localpickup",
    "pickup",
    "storepickup",
    "instorepickup",
    "collection",
    "clickcollect",
    "clickandcollect",
    "handdelivered",
    "shipstation",
    "shippo",
    "sendcloud",
    "shipperhq",
    "easypost",
    "shipengine",
    "shippingeasy",
    "veeqo",
    "linnworks",
    "shiptheory",
    "starshipit",
    "pirateship",
    "shipbob",
    "aftership",
    "17track",
    "parcelmonkey",
    "interparcel",
    "transglobalexpress",
    "packlink",
    "easyship",
    "amazonbuyshipping",
    "buyshipping",
    "tiktokshipping",
];
