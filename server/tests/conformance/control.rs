//! Pings and pongs (sections 5.5.2 and 5.5.3).

use super::{
    Case, End,
    wire::{PONG, TEXT, frame, frame_in, head},
};

fn pong(payload: &[u8]) -> (u8, Vec<u8>) {
    (PONG, payload.to_vec())
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for size in [0, 1, 2, 50, 124, 125] {
        let payload = vec![b'p'; size];
        cases.push(Case::good(format!("ping of {size}"), frame(0x89, &payload), vec![pong(&payload)]));
        cases.push(Case::good(format!("pong of {size} that nobody asked for"), frame(0x8a, &payload), vec![]));
    }
    for (what, opcode) in [("ping", 0x9), ("pong", 0xa), ("close", 0x8)] {
        let long = [&1000_u16.to_be_bytes()[..], &[b'x'; 124]].concat();
        cases.extend([
            Case::bad(format!("{what} of 126"), frame(0x80 | opcode, &long), vec![], 1002),
            Case::bad(format!("{what} of 126, its head alone"), head(0x80 | opcode, 16, 126), vec![], 1002),
            Case::bad(format!("{what} of 65,536"), head(0x80 | opcode, 64, 65_536), vec![], 1002),
            Case::bad(
                format!("{what} of 2 with its length in 16 bits"),
                frame_in(16, 0x80 | opcode, &long[..2]),
                vec![],
                1002,
            ),
            Case::bad(
                format!("{what} of 2 with its length in 64 bits"),
                frame_in(64, 0x80 | opcode, &long[..2]),
                vec![],
                1002,
            ),
            Case::bad(format!("{what} that is not final"), frame(opcode, &long[..2]), vec![], 1002),
            Case::bad(format!("{what} that is not final and empty"), frame(opcode, b""), vec![], 1002),
            Case::bad(
                format!("{what} in two frames"),
                [frame(opcode, &long[..2]), frame(0x80, b"x")].concat(),
                vec![],
                1002,
            ),
            Case::bad(
                format!("{what} that is not final within a message"),
                [frame(0x01, b"a"), frame(opcode, &long[..2]), frame(0x80, b"b")].concat(),
                vec![],
                1002,
            ),
        ]);
    }
    let bytes: Vec<u8> = (0..125).map(|n| 255 - n).collect();
    let numbered: Vec<[u8; 3]> = (0..10).map(|n| [n; 3]).collect();
    let ten: Vec<u8> = numbered.iter().flat_map(|payload| frame(0x89, payload)).collect();
    let ten_back: Vec<_> = numbered.iter().map(|payload| pong(payload)).collect();
    cases.extend([
        Case::good("ping of bytes that are no text", frame(0x89, &bytes), vec![pong(&bytes)]),
        Case::good("ping of bytes that are no text", frame(0x89, &bytes), vec![pong(&bytes)]).cut(1),
        Case::good("ten pings in a row", ten.clone(), ten_back.clone()),
        Case::good("ten pings in a row", ten, ten_back).cut(1),
        Case::good("1,000 empty pings", frame(0x89, b"").repeat(1_000), vec![pong(b""); 1_000]),
        Case::good("pong, then ping", [frame(0x8a, b"no"), frame(0x89, b"yes")].concat(), vec![pong(b"yes")]),
        Case::good(
            "ten pongs, then ping",
            [frame(0x8a, b"no").repeat(10), frame(0x89, b"yes")].concat(),
            vec![pong(b"yes")],
        ),
        Case::good(
            "pings between messages, in order",
            [frame(0x89, b"1"), frame(0x81, b"2"), frame(0x89, b"3"), frame(0x81, b"4")].concat(),
            vec![pong(b"1"), (TEXT, b"2".to_vec()), pong(b"3"), (TEXT, b"4".to_vec())],
        ),
        Case::good(
            "a mask of zeroes",
            [&[0x89, 0x83, 0, 0, 0, 0][..], b"bare"[..3].as_ref()].concat(),
            vec![pong(b"bar")],
        ),
        Case::good("a mask of ones", [0x89, 0x82, 0xff, 0xff, 0xff, 0xff, !b'o', !b'k'].to_vec(), vec![pong(b"ok")]),
    ]);
    // The client disconnects without a close frame at any point.
    let message = frame(0x81, b"never to be heard");
    for (what, bytes) in [
        ("at once", vec![]),
        ("amid a head", message[..1].to_vec()),
        ("before a mask", message[..2].to_vec()),
        ("amid a mask", message[..4].to_vec()),
        ("amid a payload", message[..12].to_vec()),
        ("amid a message", frame(0x01, b"begun")),
        ("amid a ping", frame(0x89, b"ping")[..8].to_vec()),
        ("amid a close", frame(0x88, &[3, 0xe8])[..7].to_vec()),
    ] {
        cases.push(Case::new(format!("the stream ends {what}"), bytes, vec![], End::Silent));
    }
    cases.push(Case::new(
        "the stream ends after a message",
        frame(0x81, b"heard"),
        vec![(TEXT, b"heard".to_vec())],
        End::Silent,
    ));
    cases
}
