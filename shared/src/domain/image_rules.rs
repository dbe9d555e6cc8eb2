//! TikTok's rules for product images, as far as product data shows them: count, size, ratio, format. Where an order fails
//! and the cause is open, a broken rule is shown as a **possible** cause, never as the cause.
//!
//! Source: help pages of connectors that upload images (SKU IQ, November 2026; two published specifications of May and
//! September 2026). TikTok's own page was not obtainable, and categories have rules of their own.

/// An image of a product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// In pixels, if TikTok tells.
    pub width: Option<u32>,
    /// In pixels, if TikTok tells.
    pub height: Option<u32>,
    /// The end of its file name in lower case, if it has one.
    pub format: Option<String>,
}

/// The rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageRules {
    /// The most images of a product.
    pub most: usize,
    /// Pixels that each side has at least and at most.
    pub sides: (u32, u32),
    /// How often the longer side may hold the shorter one, in percent.
    pub ratio_percent: u64,
    /// Formats by the end of the file name.
    pub formats: &'static [&'static str],
}

/// What was known in November 2026.
pub const IMAGE_RULES: ImageRules =
    ImageRules { most: 9, sides: (600, 6000), ratio_percent: 134, formats: &["jpg", "jpeg", "png"] };

/// A rule that an image seems to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// The product shows no image.
    None,
    /// More images than a product may have.
    TooMany(usize),
    /// A side is shorter than allowed: place of the image (from 1), pixels.
    TooSmall(usize, u32, u32),
    /// A side is longer than allowed.
    TooLarge(usize, u32, u32),
    /// Far from square.
    Ratio(usize, u32, u32),
    /// Another format.
    Format(usize, String),
}

impl ImageFault {
    /// What a merchant reads behind "Possible cause".
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::None => "the product shows no image".to_owned(),
            Self::TooMany(count) => format!("the product has {count} images, more than TikTok allows"),
            Self::TooSmall(place, w, h) => format!("image {place} is small ({w} x {h} pixels)"),
            Self::TooLarge(place, w, h) => format!("image {place} is large ({w} x {h} pixels)"),
            Self::Ratio(place, w, h) => format!("image {place} is far from square ({w} x {h} pixels)"),
            Self::Format(place, format) => format!("image {place} is a {format} file"),
        }
    }
}

impl ImageRules {
    /// The rules that a product's images seem to break, in the order of the images. What TikTok does not tell breaks none.
    #[must_use]
    pub fn faults(&self, images: &[Image]) -> Vec<ImageFault> {
        let mut faults = Vec::new();
        if images.is_empty() {
            faults.push(ImageFault::None);
        }
        if images.len() > self.most {
            faults.push(ImageFault::TooMany(images.len()));
        }
        for (place, image) in (1..).zip(images) {
            if let (Some(w), Some(h)) = (image.width.filter(|w| *w > 0), image.height.filter(|h| *h > 0)) {
                let (short, long) = (w.min(h), w.max(h));
                if short < self.sides.0 {
                    faults.push(ImageFault::TooSmall(place, w, h));
                }
                if long > self.sides.1 {
                    faults.push(ImageFault::TooLarge(place, w, h));
                }
                if u64::from(long) * 100 > u64::from(short) * self.ratio_percent {
                    faults.push(ImageFault::Ratio(place, w, h));
                }
            }
            if let Some(format) = image.format.as_deref().filter(|format| !self.formats.contains(format)) {
                faults.push(ImageFault::Format(place, format.to_owned()));
            }
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(width: u32, height: u32, format: &str) -> Image {
        Image { width: Some(width), height: Some(height), format: Some(format.to_owned()).filter(|f| !f.is_empty()) }
    }

    #[test]
    fn an_image_breaks_the_rules_that_it_breaks_and_no_others() {
        for (images, faults) in [
            (vec![image(600, 600, "jpg"), image(6000, 4500, "png")], vec![]),
            (vec![], vec![ImageFault::None]),
            (vec![image(800, 800, "jpg"); 10], vec![ImageFault::TooMany(10)]),
            (vec![image(800, 800, ""), image(599, 700, "png")], vec![ImageFault::TooSmall(2, 599, 700)]),
            (vec![image(6001, 6000, "jpeg")], vec![ImageFault::TooLarge(1, 6001, 6000)]),
            (vec![image(900, 600, "jpg")], vec![ImageFault::Ratio(1, 900, 600)]),
            (vec![image(900, 900, "webp")], vec![ImageFault::Format(1, "webp".into())]),
            // What TikTok does not tell is no fault.
            (vec![Image { width: None, height: Some(5), format: None }, image(0, 0, "")], vec![]),
        ] {
            assert_eq!(IMAGE_RULES.faults(&images), faults);
        }
        assert_eq!(ImageFault::TooSmall(2, 599, 700).sentence(), "image 2 is small (599 x 700 pixels)");
    }
}
