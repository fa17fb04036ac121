//! The closing handshake (sections 5.5.1 and 7).

use super::{
    Case, End,
    wire::{PONG, TEXT, closing, frame},
};

fn ends(name: impl Into<String>, bytes: Vec<u8>, code: Option<u16>) -> Case {
    Case::new(name, bytes, vec![], End::Answered(code))
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    let valid = (1000..=1003).chain(1007..=1014).chain([3000, 3001, 3999, 4000, 4001, 4999]);
    for code in valid {
        cases.push(ends(format!("close {code}"), closing(code, b""), Some(code)));
        cases.push(ends(format!("close {code} with a reason"), closing(code, b"because"), Some(code)));
    }
    for code in [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999, 2000, 2999, 5000, 10_000, 65_535] {
        cases.push(Case::bad(format!("close {code}"), closing(code, b""), vec![], 1002));
        cases.push(Case::bad(format!("close {code} with a reason"), closing(code, b"because"), vec![], 1002));
    }
    let wide = "\u{4e16}".repeat(41);
    assert_eq!(wide.len(), 123);
    let bye = closing(1000, b"bye");
    cases.extend([
        ends("close without a payload", frame(0x88, b""), None),
        ends("close without a payload", frame(0x88, b""), None).cut(1),
        ends("close with a reason", bye.clone(), Some(1000)).cut(1),
        ends("close with a reason of 123", closing(1000, &[b'r'; 123]), Some(1000)),
        ends("close with a reason of 123 in wide characters", closing(1000, wide.as_bytes()), Some(1000)),
        Case::bad("close with a reason of 124", closing(1000, &[b'r'; 124]), vec![], 1002),
        Case::bad("close with half a code", frame(0x88, &[3]), vec![], 1002),
        Case::bad("close with a code of zero bytes", frame(0x88, &[0]), vec![], 1002),
        ends("close amid a message", [frame(0x01, b"begun"), bye.clone()].concat(), Some(1000)),
        ends("close amid a message", [frame(0x02, b"begun"), bye.clone()].concat(), Some(1000)).cut(1),
        ends("close amid half a character", [frame(0x01, &[0xe4]), bye.clone()].concat(), Some(1000)),
        ends("a text after close", [bye.clone(), frame(0x81, b"late")].concat(), Some(1000)),
        ends("a ping after close", [bye.clone(), frame(0x89, b"late")].concat(), Some(1000)),
        ends(
            "the rest of a message after close",
            [frame(0x01, b"a"), bye.clone(), frame(0x80, b"b")].concat(),
            Some(1000),
        ),
        ends("a second close", [bye.clone(), closing(1001, b"")].concat(), Some(1000)),
        ends("a second close that must not be", [bye.clone(), closing(1005, b"")].concat(), Some(1000)),
        ends("garbage after close", [bye.clone(), vec![0xff; 5_000]].concat(), Some(1000)),
        ends("a megabyte after close", [bye.clone(), frame(0x82, &vec![0; 1 << 20])].concat(), Some(1000)),
        Case::new(
            "close after a message",
            [frame(0x81, b"heard"), bye.clone()].concat(),
            vec![(TEXT, b"heard".to_vec())],
            End::Answered(Some(1000)),
        ),
        Case::new(
            "close after a ping",
            [frame(0x89, b"?"), frame(0x88, b"")].concat(),
            vec![(PONG, b"?".to_vec())],
            End::Answered(None),
        ),
        Case::bad("a good close after what must not be", [frame(0xf1, b"x"), bye].concat(), vec![], 1002),
    ]);
    cases
}
