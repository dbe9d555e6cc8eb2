use super::*;
use proptest::prelude::*;

fn told(field: &str) -> Vec<String> {
    numbers_in(field).into_iter().map(String::from).collect()
}

const A: &str = "1Z0000000000000001";
const B: &str = "9400100000000000000017";

#[test]
fn a_link_beside_the_number_that_it_repeats_is_no_part_of_it() {
    let link = format!("https://www.ups.com/track?loc=en_US&tracknum={A}");
    for field in [format!("{A} {link}"), format!("{link} {A}"), format!("{A} ({link})"), format!("{A} - {link}")] {
        assert_eq!(told(&field), [A], "{field}");
    }
    // Another number, a word, or a link that names no number: the text stays whole, for a person.
    for field in [
        format!("{B} {link}"),
        format!("{A} see {link}"),
        format!("{A} https://shop.example/orders/1001"),
        link.clone(),
    ] {
        assert_eq!(told(&field), [field.as_str()], "{field}");
    }
}

#[test]
fn numbers_in_one_field_are_told_apart_however_they_are_parted() {
    for between in [
        ",",
        ", ",
        ";",
        "|",
        " | ",
        "&",
        "+",
        "\n",
        "\r\n",
        "\t",
        " / ",
        "/",
        " and ",
        " und ",
        " y ",
        " ",
        "  ",
        ",,",
        "，",
        "、",
        "；",
        "،",
        "\u{a0}",
        " \u{a0} ",
        "<br>",
        "<br />",
        "&lt;br&gt;",
        "</p><p>",
        "&amp;",
        " &amp; ",
        "&amp;amp;",
        "&#44;",
        "&nbsp;",
        "&comma;",
        "&#10;",
        " • ",
    ] {
        assert_eq!(told(&format!("{A}{between}{B}")), [A, B], "{between:?}");
    }
    for one in [
        "9400 1000 0000 0000 0000 17",
        "94001 00000 00000 00000 17",
        "AB 123 456 785 GB",
        "UPS 1Z0000000000000001",
        "see the note on the order",
        "INV/2026/00017",
        "JD 0146 0000 0000 0024",
        "9400100000-0000000017",
    ] {
        assert_eq!(told(one), [one]);
    }
    assert_eq!(told(" , ;;| "), Vec::<String>::new());
}

#[test]
fn a_name_beside_a_number_is_no_number_and_a_name_alone_stays_to_be_seen() {
    assert_eq!(told(&format!("USPS, {A}")), [A]);
    assert_eq!(told(&format!("{A} & (see note)")), [A]);
    assert_eq!(told("by courier, in person"), ["by courier", "in person"]);
}

#[test]
fn a_link_is_one_candidate_whatever_it_holds() {
    for link in [
        "https://www.ups.com/track?loc=en_US&requester=QUIC&tracknum=1Z0000000000004023",
        "www.ups.com/track?l=en&tracknum=1Z0000000000005015",
        "WWW.UPS.COM/track?l=en&tracknum=1Z0000000000005015",
        "ups.com/track?l=en&tracknum=1Z0000000000005015",
        "https://t.example/a;b|c,d+e?x=1&y=2",
        "https://t.example/?tLabels=9400100000000000000017,9400100000000000000024",
        "track+it://t.example/?a=1&b=2",
    ] {
        assert_eq!(told(link), [link]);
        assert_eq!(told(&link.replace('&', "&amp;")), [link], "escaped");
        assert_eq!(told(&format!("<a href=\"{link}\">Track</a>")), [link], "as an anchor");
        assert_eq!(told(&format!("{link}, JT0000003083"))[0], link, "beside a number");
    }
    for punctuated in ["https://t.example/;.", "https://t.example/a,-", "1Z0000000000000001;."] {
        assert_eq!(told(punctuated).len(), 1, "{punctuated}");
    }
    assert_eq!(told("-"), ["-"], "what a person typed for \"none\" is shown");
    let (one, two) = ("https://t.example/?a=1&b=2", "https://t.example/?a=1&b=3");
    for between in [" ", ", ", ",", "\n", "<br>", " ; "] {
        let both = told(&format!("{one}{between}{two}"));
        // A blank alone is no separator: the carrier step reads both links in the one text.
        assert!(both == [one, two] || (between == " " && both.len() == 1), "{between:?}: {both:?}");
    }
    assert_eq!(told(&format!("{B}, https://t.example/?l=en&n={B}")), [B], "the link repeats the number");
    let two = format!("https://t.example/?n={A},{B}");
    assert_eq!(told(&format!("{A}, {two}")), [A, two.as_str()], "the link holds one more");
}

#[test]
fn a_number_that_a_table_program_spoiled_is_not_cut_to_pieces() {
    for float in [
        "9.40010000000001E+21",
        "9,40010000000001E+21",
        "9.4001e21",
        "9400100000.0",
        "771234567890,00",
        "9,400,100,000",
    ] {
        assert_eq!(told(float), [float]);
        assert!(is_float(float), "{float}");
    }
    assert_eq!(told("9.4001E+21; 9.4002E+21"), ["9.4001E+21", "9.4002E+21"]);
    for text in ["123E", "12E34", "1Z0000000000000001", "9400100000000000000017", "1,2", "12,3456", "E+12", ""] {
        assert!(!is_float(text), "{text}");
    }
}

#[test]
fn a_repeated_number_is_one_and_a_flood_is_cut_short() {
    assert_eq!(told(&format!("{A},{A}, 1z 0000000000000001")), [A]);
    assert_eq!(told(&format!("{A},").repeat(50_000)), [A]);
    let flood: String = (0..100_000).map(|n| format!("{:012},", n)).collect();
    assert_eq!(numbers_in(&flood).len(), MOST_NUMBERS + 1);
}

proptest! {
    #[test]
    fn a_text_that_is_a_link_gives_one_candidate(
        scheme in "(https?://|HTTPS://|www\\.)",
        host in "[a-z][a-z0-9]{0,10}\\.[a-z]{2,5}",
        rest in "(/[a-zA-Z0-9,;|+&=_.%~-]{0,30}){0,3}(\\?[a-zA-Z0-9,;|+&=_.%~:/-]{0,60})?",
    ) {
        let link = format!("{scheme}{host}{rest}");
        // Behind a separator a second link would begin.
        prop_assume!(!["http", "www."].iter().any(|word| rest.to_lowercase().contains(word)) && markup::plain(&link) == link);
        prop_assert_eq!(numbers_in(&link).len(), 1, "{}", link);
    }

    #[test]
    fn no_piece_holds_what_the_field_does_not(field in "\\PC{0,40}") {
        let plain = markup::plain(&field).into_owned();
        for number in numbers_in(&field) {
            prop_assert!(plain.contains(number.as_str()), "{:?}", number);
        }
    }

    #[test]
    fn every_digit_of_a_field_without_markup_is_in_some_piece(field in "[0-9A-Z ,;/|+]{0,80}") {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<HashSet<_>>();
        let all: String = told(&field).concat();
        prop_assert_eq!(digits(&all), digits(&field));
    }
}
