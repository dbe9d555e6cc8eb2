//! A file of trackings as people's spreadsheets write it: comma, semicolon or tab, with or without a byte order mark,
//! heading names in any case.

use crate::domain::numbers::is_float;

/// One data row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// Which data row it is; the first below the heading is 1.
    pub row: usize,
    /// TikTok's order id, where the file has that column and the row fills it.
    pub tiktok_order: Option<String>,
    /// The store's order id or name.
    pub store_order: Option<String>,
    /// The tracking number as written.
    pub number: String,
    /// The carrier as written.
    pub carrier: String,
    /// The stock code of what is inside.
    pub sku: Option<String>,
    /// How many of it, as written.
    pub quantity: Option<String>,
}

impl Line {
    /// The order column's text.
    #[must_use]
    pub fn order(&self) -> &str {
        self.tiktok_order.as_deref().or(self.store_order.as_deref()).unwrap_or_default()
    }

    /// Whether the order id went through a spreadsheet that shortened it (`5.76E+17`).
    #[must_use]
    pub fn is_shortened(&self) -> bool {
        is_float(self.order())
    }
}

/// A file that cannot be worked on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// Nothing in it, or a heading alone.
    #[error("the file holds no rows")]
    Empty,
    /// No text.
    #[error("the file is no text: a workbook, a picture or an archive, not a CSV file")]
    Binary,
    /// A column that every row needs.
    #[error("the file has no column {0}")]
    NoColumn(&'static str),
    /// A row that breaks the format.
    #[error("row {row} cannot be read: {problem}")]
    Broken {
        /// Which data row.
        row: usize,
        /// What the reader says.
        problem: String,
    },
}

struct Columns {
    tiktok_order: Option<usize>,
    store_order: Option<usize>,
    number: usize,
    carrier: usize,
    sku: Option<usize>,
    quantity: Option<usize>,
}

impl Columns {
    fn of(heading: &csv::StringRecord) -> Result<Self, FileFault> {
        let names: Vec<String> = heading.iter().map(plain_name).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        let columns = Self {
            tiktok_order: find(&["tiktok_order_id", "tiktok_order"]),
            store_order: find(&["store_order", "store_order_id", "order", "order_name", "order_number"]),
            number: find(&["tracking_number", "tracking_id", "tracking", "number"])
                .ok_or(FileFault::NoColumn("tracking_number"))?,
            carrier: find(&["carrier", "shipping_provider", "shipping_provider_name"])
                .ok_or(FileFault::NoColumn("carrier"))?,
            sku: find(&["sku", "seller_sku"]),
            quantity: find(&["quantity", "qty"]),
        };
        if columns.tiktok_order.or(columns.store_order).is_none() {
            return Err(FileFault::NoColumn("tiktok_order_id or store_order"));
        }
        Ok(columns)
    }
}

/// A heading without case, blanks and signs.
fn plain_name(name: &str) -> String {
    let word = |c: char| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.trim().trim_start_matches('\u{feff}').chars().map(word).collect::<String>().trim_matches('_').to_owned()
}

/// Reads a file.
///
/// # Errors
/// [`FileFault`].
pub fn read(bytes: &[u8]) -> Result<Vec<Line>, FileFault> {
    let text = text_of(bytes)?;
    let text = text.trim_start_matches(['\u{feff}', '\r', '\n']);
    // Excel's own note of the separator.
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let (separator, text) = match first.trim().strip_prefix("sep=").map(str::as_bytes) {
        Some([separator]) => (*separator, rest),
        _ => (separator_of(first), text),
    };
    if text.trim().is_empty() {
        return Err(FileFault::Empty);
    }
    let mut reader =
        csv::ReaderBuilder::new().delimiter(separator).flexible(true).trim(csv::Trim::All).from_reader(text.as_bytes());
    let broken = |row: usize, error: &csv::Error| FileFault::Broken { row, problem: error.to_string() };
    let columns = Columns::of(reader.headers().map_err(|error| broken(0, &error))?)?;
    let mut lines = Vec::new();
    for (at, record) in reader.records().enumerate() {
        let record = record.map_err(|error| broken(at + 1, &error))?;
        // Spreadsheets leave rows of separators alone below the last one.
        if record.iter().all(str::is_empty) {
            continue;
        }
        let cell = |column: usize| unquoted(record.get(column).unwrap_or_default());
        let filled = |column: Option<usize>| column.map(cell).filter(|cell| !cell.is_empty());
        lines.push(Line {
            row: at + 1,
            tiktok_order: filled(columns.tiktok_order),
            store_order: filled(columns.store_order),
            number: cell(columns.number),
            carrier: cell(columns.carrier),
            sku: filled(columns.sku),
            quantity: filled(columns.quantity),
        });
    }
    if lines.is_empty() { Err(FileFault::Empty) } else { Ok(lines) }
}

/// The separator that the heading has most of.
fn separator_of(heading: &str) -> u8 {
    let count = |sign: u8| heading.bytes().filter(|byte| *byte == sign).count();
    [b';', b'\t'].into_iter().filter(|sign| count(*sign) > count(b',')).max_by_key(|sign| count(*sign)).unwrap_or(b',')
}

/// A cell that was kept as text by a spreadsheet's tricks: `'576…` and `="576…"`.
fn unquoted(cell: &str) -> String {
    let inner = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"'));
    inner.unwrap_or_else(|| cell.strip_prefix('\'').unwrap_or(cell)).trim().to_owned()
}

/// The file's text: UTF-8, UTF-16 with its mark, or the Windows alphabet of old spreadsheets.
fn text_of(bytes: &[u8]) -> Result<String, FileFault> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
        char::decode_utf16(units).collect::<Result<String, _>>().map_err(|_| FileFault::Binary)
    };
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes)?,
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes)?,
        // One letter a byte: good enough for the accents of carriers' names.
        _ => String::from_utf8(bytes.to_vec())
            .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()),
    };
    let no_text = |c: char| c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{80}'..='\u{9f}');
    if text.chars().any(no_text) {
        return Err(FileFault::Binary);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_write_is_read_alike() {
        let expected = [("576000000000000001", "9400111", "USPS", Some("MUG"))];
        let wide: Vec<u8> =
            "\u{feff}tiktok_order_id\ttracking_number\tcarrier\tsku\n576000000000000001\t9400111\tUSPS\tMUG\n"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
        for file in [
            b"tiktok_order_id,tracking_number,carrier,sku\n576000000000000001,9400111,USPS,MUG\n".to_vec(),
            b"\xef\xbb\xbfTikTok Order ID;Tracking Number;Carrier;SKU\r\n'576000000000000001;=\"9400111\";USPS;MUG\r\n;;;\r\n"
                .to_vec(),
            b"sep=;\ntiktok_order_id;tracking_number;carrier;sku\n576000000000000001; 9400111 ;USPS;\"MUG\"".to_vec(),
            wide,
        ] {
            let lines = read(&file).expect("read");
            let seen: Vec<_> =
                lines.iter().map(|l| (l.order(), l.number.as_str(), l.carrier.as_str(), l.sku.as_deref())).collect();
            assert_eq!(seen, expected, "{}", String::from_utf8_lossy(&file));
        }
    }

    #[test]
    fn a_file_that_holds_no_trackings_is_refused_in_words() {
        for (file, fault) in [
            (&b""[..], FileFault::Empty),
            (b"\n\n", FileFault::Empty),
            (b"tiktok_order_id,tracking_number,carrier\n", FileFault::Empty),
            (b"PK\x03\x04\x14\x00", FileFault::Binary),
            (b"\x89PNG\r\n\x1a\n\x00\x00", FileFault::Binary),
            (b"tracking_number,carrier\n1,2\n", FileFault::NoColumn("tiktok_order_id or store_order")),
            (b"store_order,carrier\n1,2\n", FileFault::NoColumn("tracking_number")),
        ] {
            assert_eq!(read(file), Err(fault));
        }
    }
}
