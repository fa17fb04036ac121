//! The generator against a server that does wrong once: it has to be noticed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use parlor_bench::{
    load::{self, Ask, Dialect, Overrides, Report, Scenario},
    websocket::TEXT,
};

/// What one member does not get as it should.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lie {
    None,
    Lose,
    Double,
    Swap,
}

/// The message that it happens to.
const VICTIM: usize = 10;

#[derive(Default)]
struct Room {
    members: Vec<TcpStream>,
    said: usize,
    held: Vec<u8>,
}

impl Room {
    fn say(&mut self, lie: Lie, frame: &[u8]) {
        self.said += 1;
        for (number, member) in self.members.iter_mut().enumerate() {
            let lied_to = number == 3 && lie != Lie::None;
            let bytes = match (lied_to, self.said.cmp(&VICTIM)) {
                (true, std::cmp::Ordering::Equal) => match lie {
                    Lie::Double => [frame, frame].concat(),
                    Lie::Swap => {
                        self.held = frame.to_vec();
                        Vec::new()
                    }
                    Lie::Lose | Lie::None => Vec::new(),
                },
                (true, _) => [frame, &std::mem::take(&mut self.held)[..]].concat(),
                _ => frame.to_vec(),
            };
            // It may have gone.
            let _ = member.write_all(&bytes);
        }
    }
}

/// A room that passes on what comes, but for the lie. It ends with the test.
fn server(lie: Lie) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let room = Arc::new(Mutex::new(Room::default()));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let room = room.clone();
            thread::spawn(move || serve(stream, &room, lie));
        }
    });
    address
}

fn serve(mut stream: TcpStream, room: &Mutex<Room>, lie: Lie) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    {
        // Nothing is said between the answer and the place in the room: who has the one counts on the other.
        let mut room = room.lock().unwrap();
        // A frame behind the head at once, which has to be found too.
        stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x8a\x00").ok()?;
        room.members.push(stream.try_clone().ok()?);
    }
    loop {
        let mut header = [0; 2];
        stream.read_exact(&mut header).ok()?;
        let mut extended = [0; 2];
        let mut length = u16::from(header[1] & 0x7f);
        if length == 126 {
            stream.read_exact(&mut extended).ok()?;
            length = u16::from_be_bytes(extended);
        }
        // The mask is zero.
        let mut payload = vec![0; usize::from(length) + 4];
        stream.read_exact(&mut payload).ok()?;
        if header[0] & 0x0f == TEXT {
            let mut frame = vec![0x80 | TEXT, 126];
            frame.extend(length.to_be_bytes());
            frame.extend(&payload[4..]);
            room.lock().unwrap().say(lie, &frame);
        }
    }
}

fn report(lie: Lie) -> Report {
    load::run(&Ask {
        connect: server(lie),
        dialect: Dialect::Plain,
        scenario: Scenario::FanoutSaturated,
        pid: None,
        core: None,
        overrides: Overrides {
            connections: Some(6),
            senders: Some(1),
            body: Some(200),
            warm_up: Some(0.05),
            // Enough for the message that the lie is about, also where nobody is served for a moment.
            seconds: Some(1.0),
            ..Overrides::default()
        },
    })
    .unwrap()
}

#[test]
fn the_truth_is_right() {
    let report = report(Lie::None);
    assert!(report.is_right(), "{}", report.wrongs());
    assert_eq!(report.delivered, report.sent * 6);
}

#[test]
fn lies_are_named() {
    for (lie, name) in [(Lie::Lose, "1 lost"), (Lie::Double, "1 doubled"), (Lie::Swap, "1 out of order")] {
        let report = report(lie);
        assert!(report.sent > VICTIM as u64);
        assert_eq!(report.wrongs(), name);
        assert!(!report.is_right());
    }
}
