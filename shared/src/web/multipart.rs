//! Forms with a file, as browsers send them (RFC 7578): text fields, and the bytes of one file. Anything else in them is
//! left out.

use crate::web::form::Fields;

/// Parts of the longest form of ours.
const MOST_PARTS: usize = 20;

/// A form with a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// Its text fields.
    pub fields: Fields,
    /// The first file that was chosen: its name and its bytes.
    pub file: Option<(String, Vec<u8>)>,
}

/// Reads a body of this content type. `None`: it is no such form.
#[must_use]
pub fn read(content_type: &str, body: &[u8]) -> Option<Upload> {
    let (kind, parameters) = content_type.split_once(';')?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let boundary = parameter(parameters, "boundary").filter(|text| (1..=70).contains(&text.len()))?;
    let mark = format!("--{boundary}");
    let (mut upload, mut fields) = (Upload::default(), Vec::new());
    let mut rest = body.get(find(body, mark.as_bytes())? + mark.len()..)?;
    for _ in 0..MOST_PARTS {
        let Some(part) = rest.strip_prefix(b"\r\n") else { break };
        let end = find(part, format!("\r\n{mark}").as_bytes())?;
        let (whole, after) = (part.get(..end)?, part.get(end + 2 + mark.len()..)?);
        rest = after;
        let head = find(whole, b"\r\n\r\n")?;
        let (headers, content) = (String::from_utf8_lossy(whole.get(..head)?), whole.get(head + 4..)?);
        let Some(about) = headers.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case("content-disposition").then_some(value)
        }) else {
            continue;
        };
        let name = parameter(about, "name").unwrap_or_default();
        match parameter(about, "filename") {
            // A browser sends an empty part for a file that nobody chose.
            Some(file) if upload.file.is_none() && !(file.is_empty() && content.is_empty()) => {
                upload.file = Some((file, content.to_vec()));
            }
            Some(_) => {}
            None => fields.push((name, String::from_utf8_lossy(content).into_owned())),
        }
    }
    upload.fields = Fields::of(fields);
    Some(upload)
}

/// A parameter of a header: `name="…"` or `name=…`.
fn parameter(header: &str, wanted: &str) -> Option<String> {
    header.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        let value = value.trim();
        let bare = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
        name.eq_ignore_ascii_case(wanted).then(|| bare.replace("%22", "\""))
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KIND: &str = "multipart/form-data; boundary=----b1";

    #[test]
    fn a_browsers_form_gives_its_fields_and_the_files_bytes_as_they_are() {
        let body = b"------b1\r\nContent-Disposition: form-data; name=\"csrf\"\r\n\r\n1.abc\r\n------b1\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"week 48.csv\"\r\nContent-Type: text/csv\r\n\r\n\
            a,b\r\n1,\xff\r\n\r\n------b1\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n\r\n------b1--\r\n";
        let upload = read(KIND, body).expect("a form");
        assert_eq!((upload.fields.get("csrf"), upload.fields.get("text")), (Some("1.abc"), Some("")));
        assert_eq!(upload.file, Some(("week 48.csv".to_owned(), b"a,b\r\n1,\xff\r\n".to_vec())));
    }

    #[test]
    fn a_file_that_nobody_chose_is_none() {
        let body = b"------b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n------b1--";
        assert_eq!(read(KIND, body).expect("a form").file, None);
        assert_eq!(read("application/x-www-form-urlencoded", body), None);
        assert_eq!(read("multipart/form-data; boundary=other", body), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(KIND, &body);
            let framed = [b"------b1\r\n".as_slice(), &body, b"\r\n------b1--"].concat();
            let _ = read(KIND, &framed);
        }
    }
}
