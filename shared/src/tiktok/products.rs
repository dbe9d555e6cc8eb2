//! A product's images, for the hint about image rules. The scope (Product Basic) is one of its own and optional: a refusal
//! is no fault of the shop, and asks nobody to reconnect.

use super::read::{field, list, text, whole};
use super::{Call, Spec, TikTok, TikTokError, paths};
use crate::domain::image_rules::Image;
use serde_json::Value;

impl TikTok {
    /// The main images of a product, in their order; `product` is the id on an order's line.
    ///
    /// # Errors
    /// [`TikTokError`]; its class says what to do. `SCOPE_MISSING` means that there is no hint, nothing else.
    pub async fn product_images(&self, call: Call<'_>, product: &str) -> Result<Vec<Image>, TikTokError> {
        let answer = self.send(Spec::read(call, paths::product(product))).await?;
        let images = field(answer.data()?, "main_images").as_array();
        // A missing list cannot mean "none": it would be shown as a possible cause.
        let images = images.ok_or_else(|| answer.incomplete("the answer has no images"))?;
        Ok(images.iter().map(read_image).collect())
    }
}

fn read_image(value: &Value) -> Image {
    let pixels = |key| whole(value, key).and_then(|pixels| u32::try_from(pixels).ok());
    let address = list(value, "urls").iter().find_map(Value::as_str).map(str::to_owned);
    let format = address.or_else(|| text(value, "uri")).and_then(|address| format_of(&address));
    Image { width: pixels("width"), height: pixels("height"), format }
}

/// The end of the file's name. An address that TikTok's picture server made (`~tplv-…`) names the format that it delivers,
/// not the one that was uploaded: it tells nothing.
fn format_of(address: &str) -> Option<String> {
    if address.contains("~tplv") {
        return None;
    }
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    let (_, end) = name.rsplit_once('.')?;
    let plain = (2..=5).contains(&end.len()) && end.bytes().all(|b| b.is_ascii_alphanumeric());
    plain.then(|| end.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_image_is_read_with_what_it_tells() {
        let image = read_image(
            &json!({"width": 1200, "height": "900", "uri": "tos-x/1", "urls": ["https://p.example/a/b.JPEG?x=1.gif"]}),
        );
        assert_eq!(image, Image { width: Some(1200), height: Some(900), format: Some("jpeg".into()) });
        assert_eq!(
            read_image(&json!({"height": -1, "uri": "tos-x/1"})),
            Image { width: None, height: None, format: None }
        );
        for (address, format) in [
            ("a/b.png", Some("png")),
            ("https://p.example", None),
            ("x.tar.gz9999", None),
            ("", None),
            ("https://p.example/a~tplv-origin.webp", None),
        ] {
            assert_eq!(format_of(address).as_deref(), format, "{address}");
        }
    }
}
