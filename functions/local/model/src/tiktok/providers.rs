//! Carriers that a market offers.
//!
//! US and UK ids were seen in public material; those of the other markets are this model's own, because none are public.
//! A real shop's live list decides, and similar names are different carriers.

/// A carrier on a shop's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// TikTok's id, different in each market.
    pub id: String,
    /// TikTok's name.
    pub name: String,
    /// Known, but switched off for this shop: not listed, refused with 21004016.
    pub enabled: bool,
}

const US: &[(&str, &str)] = &[
    ("7117858858072016686", "USPS"),
    ("7117859084333745966", "UPS"),
    ("7129720299146184490", "FedEx"),
    ("7213986298535610158", "DHL Express"),
    ("7220301902846625579", "DHL eCommerce"),
    ("7248600717110282027", "Amazon Logistics"),
    ("7132721393761781550", "OnTrac"),
    ("7132708441138677550", "LaserShip"),
    ("7212612330725574442", "Veho"),
    ("7352738314622863120", "UniUni"),
    ("7352739623900022544", "GOFO"),
    ("7325327335803406082", "SpeedX"),
    ("7212609771327719211", "OSM Worldwide"),
    ("7212611208266909483", "TForce"),
    ("7212608507307099946", "Better Trucks"),
    ("7049196166784747269", "Asendia US"),
    ("7011400463266350850", "Yanwen"),
    ("7254084300713232174", "AxleHire"),
    ("7254085043432195882", "Lone Star Overnight"),
    ("7260760118063531777", "GLS US"),
    ("7443961280932611847", "GLS USA"),
    ("7260761851384825602", "Spee-Dee"),
    ("7347979279965095682", "First Mile"),
    ("7352739982978582289", "ACI Logistix"),
    ("7459702458671974152", "CIRRO"),
];

const GB: &[(&str, &str)] = &[
    ("6599541761693270018", "Evri"),
    ("6639580521074524161", "DHL UK"),
    ("6641219975896514562", "Yodel"),
    ("6649195729745887233", "UK Mail"),
    ("6657598289359323137", "DPD UK"),
    ("6658174162568658945", "DX"),
    ("6671794738251726849", "Royal Mail"),
    ("6699476450581430274", "Parcelforce"),
    ("6760565269699084290", "APC"),
    ("6760727669580627970", "Panther"),
    ("7265220402182358786", "Amazon Logistics UK"),
];

const EU: &[(&str, &str)] = &[
    ("7038796963025782530", "DHL Paket"),
    ("7073406403947267841", "La Poste"),
    ("7038794268994963202", "Colissimo"),
    ("7038794025851160321", "Colis Prive"),
    ("7900000000000000101", "DPD"),
    ("7900000000000000102", "GLS"),
    ("7900000000000000103", "UPS"),
    ("7900000000000000104", "DHL Express"),
    ("7900000000000000105", "FedEx"),
    ("7900000000000000106", "TNT"),
    ("7900000000000000107", "Hermes"),
];

const IE: &[(&str, &str)] = &[
    ("7900000000000000201", "DPD"),
    ("7900000000000000202", "GLS"),
    ("7900000000000000203", "UPS"),
    ("7900000000000000204", "Fastway"),
    ("7900000000000000205", "An Post"),
    ("7900000000000000206", "DHL Express"),
    ("7900000000000000207", "TNT"),
    ("7900000000000000208", "FedEx"),
];

const JP: &[(&str, &str)] = &[
    ("7900000000000000301", "Yamato Transport"),
    ("7900000000000000302", "Sagawa Express"),
    ("7900000000000000303", "Japan Post"),
];

const OTHER: &[(&str, &str)] = &[
    ("7900000000000000401", "J&T Express"),
    ("7900000000000000402", "Ninja Van"),
    ("7900000000000000403", "Flash Express"),
    ("7900000000000000404", "Correios"),
    ("7900000000000000405", "DHL eCommerce"),
];

fn list(region: &str) -> &'static [(&'static str, &'static str)] {
    match region {
        "US" => US,
        "GB" => GB,
        "IE" => IE,
        "ES" | "IT" | "DE" | "FR" => EU,
        "JP" => JP,
        _ => OTHER,
    }
}

/// The carriers of a market.
#[must_use]
pub fn of_region(region: &str) -> Vec<Provider> {
    let provider = |(id, name): &(&str, &str)| Provider { id: (*id).into(), name: (*name).into(), enabled: true };
    list(region).iter().map(provider).collect()
}

/// The id of a carrier by TikTok's exact name in a market.
#[must_use]
pub fn id_of(region: &str, name: &str) -> Option<&'static str> {
    list(region).iter().find(|(_, known)| *known == name).map(|(id, _)| *id)
}

/// Whether any market knows this id.
pub(super) fn exists_somewhere(id: &str) -> bool {
    [US, GB, EU, IE, JP, OTHER].iter().any(|list| list.iter().any(|(known, _)| *known == id))
}

/// The carrier whose number shape this plainly is. Rough on purpose: just enough to warn.
fn shape(number: &str) -> Option<&'static str> {
    let bytes = number.as_bytes();
    if bytes.len() == 18 && number.starts_with("1Z") && bytes.iter().all(u8::is_ascii_alphanumeric) {
        Some("UPS")
    } else if bytes.len() == 22 && number.starts_with('9') && bytes.iter().all(u8::is_ascii_digit) {
        Some("USPS")
    } else {
        None
    }
}

/// The carrier a number plainly belongs to, when that is not the one it was sent under.
pub(super) fn mismatch(number: &str, provider_name: &str) -> Option<&'static str> {
    shape(number).filter(|carrier| !provider_name.eq_ignore_ascii_case(carrier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_carriers_of_a_market_share_an_id_or_a_name() {
        for region in ["US", "GB", "DE", "IE", "JP", "TH"] {
            let providers = of_region(region);
            for (i, one) in providers.iter().enumerate() {
                let twins = providers[i + 1..].iter().any(|other| other.id == one.id || other.name == one.name);
                assert!(!twins, "{region} {}", one.name);
            }
        }
        assert_eq!(id_of("US", "USPS"), Some("7117858858072016686"));
        assert_eq!(id_of("GB", "USPS"), None);
    }

    #[test]
    fn a_number_of_another_carrier_is_noticed() {
        assert_eq!(mismatch("1Z999AA10123456784", "USPS"), Some("UPS"));
        assert_eq!(mismatch("1Z999AA10123456784", "UPS"), None);
        assert_eq!(mismatch("9400100000000000000017", "UPS"), Some("USPS"));
        assert_eq!(mismatch("ABC123", "UPS"), None);
    }
}
