//! Reserved bits and opcodes, masks and encodings of lengths (sections 5.1 and 5.2).

use super::{
    Case,
    wire::{TEXT, frame, frame_in, head, unmasked},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for bits in 1_u8..8 {
        let reserved = bits << 4;
        for (what, first) in [("text", 0x81), ("binary", 0x82), ("ping", 0x89), ("pong", 0x8a), ("begun text", 0x01)] {
            let bytes = frame(first | reserved, b"x");
            cases.push(Case::bad(format!("reserved bits {bits:03b} of {what}"), bytes, vec![], 1002));
        }
        cases.extend([
            Case::bad(
                format!("reserved bits {bits:03b} of close"),
                frame(0x88 | reserved, &1000_u16.to_be_bytes()),
                vec![],
                1002,
            ),
            Case::bad(
                format!("reserved bits {bits:03b} of a second frame"),
                [frame(0x01, b"a"), frame(0x80 | reserved, b"b")].concat(),
                vec![],
                1002,
            ),
            Case::bad(
                format!("reserved bits {bits:03b} after a good message"),
                [frame(0x81, b"good"), frame(0x81 | reserved, b"bad"), frame(0x89, b"?")].concat(),
                vec![(TEXT, b"good".to_vec())],
                1002,
            ),
        ]);
    }
    for opcode in (0x3..=0x7).chain(0xb..=0xf) {
        let name = |what: &str| format!("opcode {opcode:x} {what}");
        cases.extend([
            Case::bad(name("with a payload"), frame(0x80 | opcode, b"x"), vec![], 1002),
            Case::bad(name("without a payload"), frame(0x80 | opcode, b""), vec![], 1002),
            Case::bad(name("that is not final"), frame(opcode, b"x"), vec![], 1002),
            Case::bad(name("within a message"), [frame(0x01, b"a"), frame(0x80 | opcode, b"x")].concat(), vec![], 1002),
            Case::bad(
                name("after a good message, in octets"),
                [frame(0x81, b"good"), frame(0x80 | opcode, b"bad"), frame(0x89, b"?")].concat(),
                vec![(TEXT, b"good".to_vec())],
                1002,
            )
            .cut(1),
        ]);
    }
    for (what, first, payload) in [
        ("text", 0x81, &b"x"[..]),
        ("an empty text", 0x81, b""),
        ("binary", 0x82, b"x"),
        ("a ping", 0x89, b"x"),
        ("a pong", 0x8a, b""),
        ("close", 0x88, &[3, 0xe8]),
    ] {
        cases.push(Case::bad(format!("{what} without a mask"), unmasked(first, payload), vec![], 1002));
    }
    cases.push(Case::bad(
        "a second frame without a mask",
        [frame(0x01, b"a"), unmasked(0x80, b"b")].concat(),
        vec![],
        1002,
    ));
    // "The minimal number of bytes MUST be used to encode the length".
    for (kind, first) in [("text", 0x81), ("binary", 0x82), ("begun text", 0x01)] {
        for (bits, length) in
            [(16, 0), (16, 1), (16, 125), (64, 0), (64, 1), (64, 125), (64, 126), (64, 127), (64, 65_535)]
        {
            let bytes = frame_in(bits, first, &vec![b'x'; length]);
            cases.push(Case::bad(format!("{kind} of {length} with its length in {bits} bits"), bytes, vec![], 1002));
        }
    }
    // "The most significant bit MUST be 0".
    for length in [1 << 63, 1 << 63 | 1, u64::MAX] {
        cases.push(Case::bad(format!("a length of {length:x}"), head(0x82, 64, length), vec![], 1002));
        cases.push(Case::bad(format!("a length of {length:x}"), head(0x82, 64, length), vec![], 1002).cut(1));
    }
    cases
}
