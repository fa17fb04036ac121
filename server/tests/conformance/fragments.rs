//! Fragmented messages (section 5.4).

use super::{
    Case,
    wire::{BINARY, PONG, TEXT, fragmented, frame},
};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for (kind, opcode) in [("text", TEXT), ("binary", BINARY)] {
        let long = [b'l'; 1_000];
        let ones: Vec<&[u8]> = long.chunks(1).collect();
        let shapes: [(&str, Vec<&[u8]>); 12] = [
            ("two frames", vec![b"one ", b"two"]),
            ("three frames", vec![b"one ", b"two ", b"three"]),
            ("an empty first frame", vec![b"", b"x"]),
            ("an empty last frame", vec![b"x", b""]),
            ("an empty frame in between", vec![b"x", b"", b"y"]),
            ("two empty frames", vec![b"", b""]),
            ("five empty frames", vec![b""; 5]),
            ("100 empty frames and one that is not", [vec![&b""[..]; 100], vec![b"x"]].concat()),
            ("frames of an octet", ones),
            ("frames of seven octets", long.chunks(7).collect()),
            ("a short frame and a long one", vec![b"x", &long]),
            ("a long frame and a short one", vec![&long, b"x"]),
        ];
        for (what, pieces) in shapes {
            let bytes = fragmented(opcode, &pieces);
            let case = Case::good(format!("{kind} in {what}"), bytes, vec![(opcode, pieces.concat())]);
            cases.push(case.clone().cut(1));
            cases.push(case);
        }
        let (begin, middle, end) = (frame(opcode, b"a"), frame(0x00, b"b"), frame(0x80, b"c"));
        let (ping, pong) = (frame(0x89, b"?"), (PONG, b"?".to_vec()));
        let (whole, echo) = (frame(0x80 | opcode, b"whole"), (opcode, b"whole".to_vec()));
        let abc = (opcode, b"abc".to_vec());
        let other = opcode ^ 0x3;
        let name = |what: &str| format!("{kind}: {what}");
        cases.extend([
            Case::good(
                name("a ping between frames is answered before the message"),
                [&begin, &ping, &middle, &end].map(Vec::as_slice).concat(),
                vec![pong.clone(), abc.clone()],
            ),
            Case::good(
                name("pings between all frames"),
                [&ping, &begin, &ping, &middle, &ping, &end, &ping].map(Vec::as_slice).concat(),
                vec![pong.clone(), pong.clone(), pong.clone(), abc.clone(), pong.clone()],
            )
            .cut(1),
            Case::good(
                name("ten pings between two frames"),
                [begin.clone(), ping.repeat(10), middle.clone(), end.clone()].concat(),
                [vec![pong.clone(); 10], vec![abc.clone()]].concat(),
            ),
            Case::good(
                name("a pong between frames"),
                [begin.clone(), frame(0x8a, b"!"), middle.clone(), end.clone()].concat(),
                vec![abc.clone()],
            ),
            Case::good(
                name("a whole message after one in frames"),
                [&begin, &middle, &end, &whole].map(Vec::as_slice).concat(),
                vec![abc.clone(), echo.clone()],
            ),
            Case::good(
                name("two messages in frames"),
                [&begin, &middle, &end, &begin, &end].map(Vec::as_slice).concat(),
                vec![abc.clone(), (opcode, b"ac".to_vec())],
            ),
            Case::bad(
                name("going on after the end"),
                [&begin[..], &end, &end].concat(),
                vec![(opcode, b"ac".to_vec())],
                1002,
            ),
            Case::bad(name("going on after a whole message"), [&whole[..], &end].concat(), vec![echo.clone()], 1002),
            Case::bad(
                name("going on, not for the last time, after a whole message"),
                [&whole[..], &middle].concat(),
                vec![echo],
                1002,
            ),
            Case::bad(
                name("a whole message within one of its kind"),
                [&begin[..], &whole, &end].concat(),
                vec![],
                1002,
            ),
            Case::bad(name("begun within one of its kind"), [&begin[..], &begin, &end].concat(), vec![], 1002),
            Case::bad(
                name("a whole message of the other kind within"),
                [begin.clone(), frame(0x80 | other, b"x"), end.clone()].concat(),
                vec![],
                1002,
            ),
            Case::bad(
                name("one of the other kind begun within"),
                [begin.clone(), frame(other, b"x"), end.clone()].concat(),
                vec![],
                1002,
            ),
            Case::bad(
                name("a whole message within, after a ping"),
                [&begin[..], &ping, &whole].concat(),
                vec![pong],
                1002,
            )
            .cut(1),
        ]);
    }
    cases.extend([
        Case::bad("going on with nothing", frame(0x80, b"x"), vec![], 1002),
        Case::bad("going on with nothing, empty", frame(0x80, b""), vec![], 1002),
        Case::bad("going on with nothing, not for the last time", frame(0x00, b"x"), vec![], 1002),
        Case::bad("going on with nothing, twice", [frame(0x00, b"x"), frame(0x80, b"y")].concat(), vec![], 1002),
        Case::bad(
            "going on with nothing, after a ping",
            [frame(0x89, b"?"), frame(0x80, b"y")].concat(),
            vec![(PONG, b"?".to_vec())],
            1002,
        ),
    ]);
    cases
}
