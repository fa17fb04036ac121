#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::*;

/// What [`Message`] lends, kept.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Heard {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    Close(Option<u16>),
}

const LIMIT: usize = 1_000;

/// A frame as a client sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![first];
    match payload.len() {
        short @ 0..=125 => bytes.push(0x80 | u8::try_from(short).unwrap()),
        medium @ 126..=65_535 => {
            bytes.push(0x80 | 126);
            bytes.extend(u16::try_from(medium).unwrap().to_be_bytes());
        }
        long => {
            bytes.push(0x80 | 127);
            bytes.extend((long as u64).to_be_bytes());
        }
    }
    bytes.extend(mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Everything in the bytes, given in pieces of this size, and how it ended.
fn read(bytes: &[u8], piece: usize) -> (Vec<Heard>, Option<Violation>) {
    let (mut decoder, mut heard) = (Decoder::new(LIMIT), Vec::new());
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        loop {
            match decoder.message() {
                Ok(Some(message)) => heard.push(match message {
                    Message::Text(text) => Heard::Text(text.into()),
                    Message::Binary(bytes) => Heard::Binary(bytes.into()),
                    Message::Ping(payload) => Heard::Ping(payload.into()),
                    Message::Pong => Heard::Pong,
                    Message::Close(code) => Heard::Close(code),
                }),
                Ok(None) => break,
                Err(violation) => return (heard, Some(violation)),
            }
        }
    }
    (heard, None)
}

#[test]
fn messages_come_out_however_the_bytes_were_cut() {
    let mut bytes = Vec::new();
    bytes.extend(frame(0x81, b"hello"));
    bytes.extend(frame(0x89, b"?"));
    bytes.extend(frame(0x01, "Gr\u{fc}\u{df}e, ".as_bytes()));
    bytes.extend(frame(0x8a, b""));
    bytes.extend(frame(0x00, "\u{4e16}".as_bytes()));
    bytes.extend(frame(0x80, "\u{754c}".as_bytes()));
    bytes.extend(frame(0x82, &[0xff; 300]));
    bytes.extend(frame(0x81, b""));
    bytes.extend(frame(0x88, &[0x03, 0xe8, b'b', b'y', b'e']));
    let all = [
        Heard::Text("hello".into()),
        Heard::Ping(b"?".into()),
        Heard::Pong,
        Heard::Text("Gr\u{fc}\u{df}e, \u{4e16}\u{754c}".into()),
        Heard::Binary(vec![0xff; 300]),
        Heard::Text(String::new()),
        Heard::Close(Some(1_000)),
    ];
    for piece in 1..=bytes.len() {
        assert_eq!(read(&bytes, piece), (all.to_vec(), None), "in pieces of {piece}");
    }
}

#[test]
fn nothing_is_held_between_messages() {
    let mut decoder = Decoder::new(LIMIT);
    decoder.push(&frame(0x81, &[b'x'; 900]));
    assert!(matches!(decoder.message(), Ok(Some(Message::Text(_)))));
    assert_eq!(decoder.message(), Ok(None));
    assert_eq!(decoder.bytes.capacity(), 0);
}

/// The head of a binary message with its length in another form.
fn lengthy(form: u8, length: &[u8]) -> Vec<u8> {
    [&[0x82, 0x80 | form], length, &[0; 4]].concat()
}

#[test]
fn what_cannot_become_a_text_is_found_before_it_is_all_there() {
    // A whole frame of an unfinished message; and part of a frame, after which nothing has come.
    let begun = frame(0x01, "Gr\u{fc}\u{df}e \u{4e16}".as_bytes());
    let half = frame(0x01, &[b'a', 0xe4, 0xb8]);
    let broken = [
        ("in the first frame", frame(0x01, b"ab\xff")),
        ("in the second frame", [begun.clone(), frame(0x00, &[0xc0])].concat()),
        ("a character that the second frame does not finish", [half.clone(), frame(0x00, b"a")].concat()),
        ("after a ping", [half.clone(), frame(0x89, b"?"), frame(0x00, b"a")].concat()),
        ("in part of a frame", frame(0x81, b"abc\xffdefgh")[..10].to_vec()),
        ("in part of a second frame", [half.clone(), frame(0x80, b"\x96abc\xed\xa0defgh")[..12].to_vec()].concat()),
    ];
    for (what, bytes) in broken {
        for piece in 1..=bytes.len() {
            assert_eq!(read(&bytes, piece).1, Some(Violation::Utf8), "{what}, in pieces of {piece}");
        }
    }
    let good = [half, frame(0x00, b""), frame(0x89, b"?"), frame(0x80, &[0x96])].concat();
    for piece in 1..=good.len() {
        let heard = vec![Heard::Ping(b"?".into()), Heard::Text("a\u{4e16}".into())];
        assert_eq!(read(&good, piece), (heard, None), "in pieces of {piece}");
    }
    // Bytes may be anything.
    assert_eq!(read(&frame(0x02, &[0xff; 9]), 1), (vec![], None));
}

#[test]
fn what_must_not_be_is_a_violation() {
    let mut unmasked = frame(0x81, b"x");
    unmasked[1] &= 0x7f;
    let mut long_ping = vec![0x89, 0x80 | 126, 0, 126];
    long_ping.extend([0; 4]);
    let mut endless = vec![0x82, 0x80 | 127, 0x7f];
    endless.extend([0xff; 11]);
    let mut negative = vec![0x82, 0x80 | 127, 0x80];
    negative.extend([0; 11]);
    let cases: [(&str, Vec<u8>, Violation); 24] = [
        ("a reserved bit", frame(0xc1, b"x"), Violation::Protocol),
        ("an opcode without meaning", frame(0x83, b"x"), Violation::Protocol),
        ("a control opcode without meaning", frame(0x8b, b"x"), Violation::Protocol),
        ("no mask", unmasked, Violation::Protocol),
        ("a ping in pieces", frame(0x09, b"x"), Violation::Protocol),
        ("a long ping", long_ping, Violation::Protocol),
        ("going on with nothing", frame(0x80, b"x"), Violation::Protocol),
        ("a message within a message", [frame(0x01, b"x"), frame(0x81, b"y")].concat(), Violation::Protocol),
        ("half a close code", frame(0x88, &[3]), Violation::Protocol),
        ("close code 999", frame(0x88, &999_u16.to_be_bytes()), Violation::Protocol),
        ("close code 1005", frame(0x88, &1_005_u16.to_be_bytes()), Violation::Protocol),
        ("close code 1006", frame(0x88, &1_006_u16.to_be_bytes()), Violation::Protocol),
        ("close code 2000", frame(0x88, &2_000_u16.to_be_bytes()), Violation::Protocol),
        ("close code 5000", frame(0x88, &5_000_u16.to_be_bytes()), Violation::Protocol),
        ("a reason that is no UTF-8", frame(0x88, &[0x03, 0xe8, 0xff]), Violation::Utf8),
        ("a text that is no UTF-8", frame(0x81, &[0xff]), Violation::Utf8),
        ("half a character at the end", frame(0x81, &[0xe4, 0xb8]), Violation::Utf8),
        ("a message over the limit", frame(0x81, &[b'x'; LIMIT + 1]), Violation::TooLarge),
        ("a length beyond anything", endless, Violation::TooLarge),
        ("the first bit of a length of 64", negative, Violation::Protocol),
        ("a length of 7 bits in 16", lengthy(126, &125_u16.to_be_bytes()), Violation::Protocol),
        ("a length of 0 in 16 bits", lengthy(126, &[0, 0]), Violation::Protocol),
        ("a length of 16 bits in 64", lengthy(127, &65_535_u64.to_be_bytes()), Violation::Protocol),
        ("a length of 7 bits in 64", lengthy(127, &1_u64.to_be_bytes()), Violation::Protocol),
    ];
    for (what, bytes, violation) in cases {
        for piece in [1, 7, bytes.len()] {
            assert_eq!(read(&bytes, piece), (vec![], Some(violation)), "{what}");
        }
    }
    // The limit holds for the whole message, and is seen before the bytes have come.
    let pieces = [frame(0x01, &[b'x'; LIMIT]), frame(0x80, b"x")[..6].to_vec()].concat();
    assert_eq!(read(&pieces, 64), (vec![], Some(Violation::TooLarge)));
}

proptest! {
    #[test]
    fn nothing_panics_and_the_cut_does_not_matter(bytes in proptest::collection::vec(any::<u8>(), 0..200), piece in 1_usize..50) {
        prop_assert_eq!(read(&bytes, piece), read(&bytes, 200));
    }

    /// The payload comes out as it went in, however its bytes, its frames and its characters were cut.
    #[test]
    fn a_text_in_frames_is_the_text(
        text in ".{0,60}",
        cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..6),
        piece in 1_usize..60,
    ) {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let last = cuts.len() - 2;
        let frames = cuts.windows(2).enumerate().flat_map(|(n, ends)| {
            let first = if n == 0 { 0x01 } else { 0x00 } | if n == last { 0x80 } else { 0x00 };
            frame(first, &text.as_bytes()[ends[0]..ends[1]])
        });
        let bytes: Vec<u8> = frames.collect();
        prop_assert_eq!(read(&bytes, piece), (vec![Heard::Text(text)], None));
    }

    #[test]
    fn frames_in_any_order_are_read_alike_however_cut(
        frames in proptest::collection::vec(
            (proptest::sample::select(vec![0x00, 0x01, 0x02, 0x80, 0x81, 0x82, 0x89, 0x8a]), ".{0,40}"), 0..12),
        piece in 1_usize..60,
    ) {
        let bytes: Vec<u8> = frames.iter().flat_map(|(first, text)| frame(*first, text.as_bytes())).collect();
        prop_assert_eq!(read(&bytes, piece), read(&bytes, bytes.len().max(1)));
    }
}
