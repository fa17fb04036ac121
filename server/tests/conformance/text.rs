//! UTF-8 in text messages (section 8.1; RFC 3629), split anywhere and rejected early.

use super::{
    Case,
    wire::{BINARY, PONG, TEXT, closing, fragmented, frame, head, masked},
};

/// Invalid UTF-8, and the number of bytes after which it is known to be invalid; 0 if it is only incomplete.
const BROKEN: [(&str, &[u8], usize); 24] = [
    ("a lone continuation", &[0x80], 1),
    ("the last lone continuation", &[0xbf], 1),
    ("two continuations", b"a\x80\x80", 2),
    ("an overlong slash of 2", &[0xc0, 0xaf], 1),
    ("an overlong slash of 3", &[0xe0, 0x80, 0xaf], 2),
    ("an overlong slash of 4", &[0xf0, 0x80, 0x80, 0xaf], 2),
    ("an overlong NUL of 2", &[0xc0, 0x80], 1),
    ("an overlong U+007F of 2", &[0xc1, 0xbf], 1),
    ("an overlong U+07FF of 3", &[0xe0, 0x9f, 0xbf], 2),
    ("an overlong U+FFFF of 4", &[0xf0, 0x8f, 0xbf, 0xbf], 2),
    ("the first surrogate", &[0xed, 0xa0, 0x80], 2),
    ("the last surrogate", &[0xed, 0xbf, 0xbf], 2),
    ("a pair of surrogates", &[0xed, 0xa0, 0x81, 0xed, 0xb0, 0x80], 2),
    ("U+110000", &[0xf4, 0x90, 0x80, 0x80], 2),
    ("a character of 5", &[0xf8, 0x88, 0x80, 0x80, 0x80], 1),
    ("a character of 6", &[0xfc, 0x84, 0x80, 0x80, 0x80, 0x80], 1),
    ("0xFE", &[0xfe], 1),
    ("0xFF", b"ok\xff", 3),
    ("a character of 2 without its end", &[0xc3], 0),
    ("a character of 3 without its end", b"text \xe4\xb8", 0),
    ("a character of 4 without its end", &[0xf0, 0x9f, 0x91], 0),
    ("a character of 2 broken off", b"\xc3a", 2),
    ("a character of 3 broken off", b"\xe4\xb8 text", 3),
    ("a character of 4 broken off", b"\xf0\x9f\x91\xf0", 4),
];

pub(super) fn cases() -> Vec<Case> {
    [whole(), split(), broken(), early()].concat()
}

fn whole() -> Vec<Case> {
    let edges = [
        "\0",
        "\u{7f}",
        "\u{80}",
        "\u{7ff}",
        "\u{800}",
        "\u{d7ff}",
        "\u{e000}",
        "\u{fdd0}",
        "\u{feff}",
        "\u{fffd}",
        "\u{fffe}",
        "\u{ffff}",
        "\u{10000}",
        "\u{1fffe}",
        "\u{10fffe}",
        "\u{10ffff}",
    ];
    let one = |text: &str| {
        let name = format!("text of {}", text.escape_unicode());
        Case::good(name, frame(0x81, text.as_bytes()), vec![(TEXT, text.as_bytes().to_vec())])
    };
    edges.iter().flat_map(|text| [one(text), one(text).cut(1)]).collect()
}

/// A text with characters of all lengths, split at each byte.
fn split() -> Vec<Case> {
    let text = "a\u{e9}\u{4e16}\u{754c}\u{1f44b}\u{3ba}z".as_bytes();
    let back = vec![(TEXT, text.to_vec())];
    let mut cases = Vec::new();
    for at in 0..=text.len() {
        let (one, two) = text.split_at(at);
        cases.push(Case::good(
            format!("text of all lengths in frames, cut at byte {at}"),
            fragmented(TEXT, &[one, two]),
            back.clone(),
        ));
        let bytes = [frame(0x01, one), frame(0x89, b"?"), frame(0x80, two)].concat();
        let with_ping = [vec![(PONG, b"?".to_vec())], back.clone()].concat();
        cases
            .push(Case::good(format!("text in frames with a ping between, cut at byte {at}"), bytes, with_ping).cut(1));
        let mut case = Case::good("", frame(0x81, text), back.clone()).cut_at(6 + at);
        case.name = format!("text in segments, cut at byte {at}");
        cases.push(case);
    }
    let octets: Vec<_> = text.chunks(1).collect();
    cases.push(Case::good("text of all lengths in frames of an octet", fragmented(TEXT, &octets), back.clone()));
    cases.push(Case::good("text of all lengths in frames of an octet", fragmented(TEXT, &octets), back).cut(1));
    let long = "\u{4e16}\u{1f44b}".repeat(20_000).into_bytes();
    for size in [997, 4_099] {
        let bytes = fragmented(TEXT, &long.chunks(size).collect::<Vec<_>>());
        cases.push(Case::good(format!("long text in frames of {size}"), bytes, vec![(TEXT, long.clone())]).cut(1_460));
    }
    cases
}

fn broken() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, bytes, _) in BROKEN {
        let octets: Vec<_> = bytes.chunks(1).collect();
        cases.extend([
            Case::bad(format!("{what} as a text"), frame(0x81, bytes), vec![], 1007),
            Case::bad(format!("{what} as a text"), frame(0x81, bytes), vec![], 1007).cut(1),
            Case::bad(
                format!("{what} after a good text"),
                [frame(0x81, b"a"), frame(0x81, bytes)].concat(),
                vec![(TEXT, b"a".to_vec())],
                1007,
            ),
            Case::bad(format!("{what} in frames of an octet"), fragmented(TEXT, &octets), vec![], 1007),
            Case::bad(format!("{what} in the last frame"), fragmented(TEXT, &[b"good ", bytes]), vec![], 1007),
            Case::bad(format!("{what} as the reason of a close"), closing(1000, bytes), vec![], 1007),
            Case::good(format!("{what} as binary"), frame(0x82, bytes), vec![(BINARY, bytes.to_vec())]),
            Case::good(
                format!("{what} as binary in frames"),
                fragmented(BINARY, &octets),
                vec![(BINARY, bytes.to_vec())],
            ),
        ]);
    }
    cases
}

/// Invalid bytes are detected although nothing follows.
fn early() -> Vec<Case> {
    let mut cases = Vec::new();
    for (what, bytes, known) in BROKEN.into_iter().filter(|(_, _, known)| *known > 0) {
        let known = &bytes[..known];
        let part = |first, length| [head(first, 7, length), masked(known)].concat();
        cases.extend([
            Case::bad(format!("{what} in a frame, nothing after it"), frame(0x01, known), vec![], 1007),
            Case::bad(
                format!("{what} in a second frame, nothing after it"),
                [frame(0x01, "\u{4e16}".as_bytes()), frame(0x00, known)].concat(),
                vec![],
                1007,
            ),
            Case::bad(format!("{what} in part of a text"), part(0x81, 100), vec![], 1007),
            Case::bad(format!("{what} in part of a text"), part(0x81, 100), vec![], 1007).cut(1),
            Case::bad(
                format!("{what} in part of a second frame"),
                [frame(0x01, b"good"), part(0x80, 100)].concat(),
                vec![],
                1007,
            ),
        ]);
    }
    let half = &"\u{4e16}".as_bytes()[..2];
    cases.push(Case::bad(
        "a character that the next frame does not finish",
        [frame(0x01, half), frame(0x00, b"a")].concat(),
        vec![],
        1007,
    ));
    cases.push(Case::bad(
        "a character that the last frame does not finish",
        [frame(0x01, half), frame(0x00, b""), frame(0x80, b"")].concat(),
        vec![],
        1007,
    ));
    cases
}
