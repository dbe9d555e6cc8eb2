//! Whose web address it is: the part of a host name that somebody registered.

/// The registrable domain of a tracking address: `track.dpd.co.uk` → `dpd.co.uk`.
pub(super) fn registrable(host: &str) -> Option<String> {
    let labels: Vec<&str> = host.trim_end_matches('.').split('.').collect();
    let second_level = labels.len() >= 3
        && labels.last().is_some_and(|top| top.len() == 2)
        && labels.get(labels.len() - 2).is_some_and(|second| matches!(*second, "co" | "com" | "org" | "net"));
    let keep = if second_level { 3 } else { 2 };
    let tail = labels.get(labels.len().checked_sub(keep)?..)?;
    Some(tail.join(".").to_ascii_lowercase())
}

/// The registrable domain of a carrier's tracking address with a gap for the number.
pub(super) fn domain_of_template(template: &str) -> Option<String> {
    registrable(template.split_once("://")?.1.split('/').next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_carriers_web_domain_is_found_below_its_country() {
        for (host, domain) in [
            ("track.dpd.co.uk", Some("dpd.co.uk")),
            ("www.UPS.com", Some("ups.com")),
            ("ups.com.example.net", Some("example.net")),
            ("localhost", None),
            ("", None),
        ] {
            assert_eq!(registrable(host).as_deref(), domain, "{host}");
        }
    }
}
