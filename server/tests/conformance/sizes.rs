//! Messages of all sizes, whole and split anywhere (section 5.2).

use super::{
    Case,
    wire::{BINARY, TEXT, fragmented, frame, head},
};

const MOST: usize = 1 << 20;

/// A payload of varying bytes, ASCII for texts.
fn payload(opcode: u8, size: usize) -> Vec<u8> {
    let byte = |n: usize| u8::try_from(n * 7 % 251).unwrap();
    (0..size).map(|n| if opcode == TEXT { b' ' + byte(n) % 95 } else { byte(n) }).collect()
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        for size in [0, 1, 125, 126, 127, 128, 65_535, 65_536, 65_537, MOST] {
            let payload = payload(opcode, size);
            let whole = Case::good(
                format!("{kind} of {size}"),
                frame(0x80 | opcode, &payload),
                vec![(opcode, payload.clone())],
            );
            let cuts: &[usize] = match size {
                0..=128 => &[1, 7],
                129..MOST => &[7, 997, 1_460, 2_048],
                _ => &[997, 1_460, 2_048, 65_537],
            };
            cases.extend(cuts.iter().map(|cut| whole.clone().cut(*cut)));
            cases.push(whole);
        }
        let most = payload(opcode, MOST);
        let over = payload(opcode, MOST + 1);
        cases.extend([
            Case::bad(format!("{kind} over the limit"), frame(0x80 | opcode, &over), vec![], 1009),
            Case::bad(
                format!("{kind} over the limit, its head alone"),
                head(0x80 | opcode, 64, 1 << 20 | 1),
                vec![],
                1009,
            ),
            Case::bad(format!("{kind} of 4 GiB, its head alone"), head(0x80 | opcode, 64, 1 << 32), vec![], 1009),
            Case::bad(
                format!("{kind} of 2^63 - 1, its head alone"),
                head(0x80 | opcode, 64, u64::MAX >> 1),
                vec![],
                1009,
            ),
            Case::bad(format!("{kind} over the limit in frames"), fragmented(opcode, &[&most, b"x"]), vec![], 1009),
            Case::bad(
                format!("{kind} over the limit in frames, the head alone"),
                [frame(opcode, &most), head(0x80, 7, 1)].concat(),
                vec![],
                1009,
            ),
            Case::good(
                format!("{kind} at the limit in frames"),
                fragmented(opcode, &most.chunks(100_003).collect::<Vec<_>>()),
                vec![(opcode, most.clone())],
            ),
            Case::good(
                format!("{kind} at the limit in frames of 4 KiB"),
                fragmented(opcode, &most.chunks(4_096).collect::<Vec<_>>()),
                vec![(opcode, most.clone())],
            )
            .cut(1_460),
            Case::good(
                format!("two of {kind} at the limit"),
                [frame(0x80 | opcode, &most), frame(0x80 | opcode, &most)].concat(),
                vec![(opcode, most.clone()), (opcode, most)],
            ),
        ]);
    }
    let many: Vec<Vec<u8>> = (0..200).map(|size| payload(BINARY, size)).collect();
    cases.push(Case::good(
        "200 messages in one write",
        many.iter().flat_map(|payload| frame(0x82, payload)).collect(),
        many.into_iter().map(|payload| (BINARY, payload)).collect(),
    ));
    let mut early = Case::good("a message with the handshake", frame(0x81, b"early"), vec![(TEXT, b"early".to_vec())]);
    early.early = true;
    cases.push(early.clone());
    for at in [1, 2, 5, 8] {
        let mut early = early.clone().cut_at(at);
        early.name = format!("{at} bytes of a message with the handshake");
        cases.push(early);
    }
    cases
}
