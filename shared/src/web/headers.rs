//! What every page says to the browser beside its text.

use data_encoding::BASE64;
use ring::digest::{SHA256, digest};

/// A page loads nothing, runs nothing but a `scripted` one our own file, is framed by nobody, and posts to us or to the named origins (Chrome also judges
/// where a posted form is redirected to, which is a platform's consent page). `frames` may show it in a frame.
#[must_use]
pub fn content_policy(style: &str, scripted: bool, form_targets: &[&str], frames: &str) -> String {
    let hash = BASE64.encode(digest(&SHA256, style.as_bytes()).as_ref());
    let mut forms = String::from("'self'");
    for origin in form_targets {
        forms.push(' ');
        forms.push_str(origin);
    }
    let scripts = if scripted { "script-src 'self'; " } else { "" };
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; {scripts}img-src data:; form-action {forms}; base-uri 'none'; \
         frame-ancestors {frames}"
    )
}

/// Where BigCommerce shows an app's pages in a frame.
/// Source: BigCommerce developer documentation, "Handling callbacks".
pub const CONTROL_PANELS: &str = "https://*.mybigcommerce.com https://login.bigcommerce.com";

/// Headers of every page; none is kept by a browser or a proxy. Not `no-referrer`: with it a browser hides the origin of
/// our own forms, which is checked. No page has a secret in its address.
pub const PAGE: [(&str, &str); 7] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("strict-transport-security", "max-age=31536000"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_load_nothing_and_style_itself_only() {
        let policy = content_policy("body{}", false, &["https://services.us.tiktokshop.com"], "'none'");
        assert!(policy.ends_with("frame-ancestors 'none'"));
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        assert!(policy.contains("form-action 'self' https://services.us.tiktokshop.com;"));
        assert!(!policy.contains("script-src") && !policy.contains("unsafe"));
        let policy = content_policy("body{}", true, &[], "'none'");
        assert!(policy.contains("; script-src 'self'; ") && !policy.contains("unsafe"));
    }
}
