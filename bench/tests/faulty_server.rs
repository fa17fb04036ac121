//! The load generator detects a server that misbehaves once.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use parlor_bench::{
    load::{self, Dialect, LoadArgs, Overrides, Report, Scenario},
    websocket::TEXT,
};

/// How the server misbehaves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
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
    message: usize,
    held: Vec<u8>,
}

impl Room {
    fn send(&mut self, fault: Fault, frame: &[u8]) {
        self.message += 1;
        for (number, member) in self.members.iter_mut().enumerate() {
            let lied_to = number == 3 && fault != Fault::None;
            let bytes = match (lied_to, self.message.cmp(&VICTIM)) {
                (true, std::cmp::Ordering::Equal) => match fault {
                    Fault::Double => [frame, frame].concat(),
                    Fault::Swap => {
                        self.held = frame.to_vec();
                        Vec::new()
                    }
                    Fault::Lose | Fault::None => Vec::new(),
                },
                (true, _) => [frame, &std::mem::take(&mut self.held)[..]].concat(),
                _ => frame.to_vec(),
            };
            // The member may have left.
            let _ = member.write_all(&bytes);
        }
    }
}

/// A server with one room that misbehaves once.
fn server(fault: Fault) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let room = Arc::new(Mutex::new(Room::default()));
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let room = room.clone();
            thread::spawn(move || serve(stream, &room, fault));
        }
    });
    address
}

fn serve(mut stream: TcpStream, room: &Mutex<Room>, fault: Fault) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    {
        // Answer and join under one lock: a client that has the answer is in the room.
        let mut room = room.lock().unwrap();
        // A frame right after the response head, which the client must find as well.
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
        // The mask is 0.
        let mut payload = vec![0; usize::from(length) + 4];
        stream.read_exact(&mut payload).ok()?;
        if header[0] & 0x0f == TEXT {
            let mut frame = vec![0x80 | TEXT, 126];
            frame.extend(length.to_be_bytes());
            frame.extend(&payload[4..]);
            room.lock().unwrap().send(fault, &frame);
        }
    }
}

fn report(fault: Fault) -> Report {
    load::run(&LoadArgs {
        connect: vec![server(fault)],
        dialect: Dialect::Plain,
        scenario: Scenario::FanoutSaturated,
        pid: Vec::new(),
        core: None,
        overrides: Overrides {
            connections: Some(6),
            senders: Some(1),
            body: Some(200),
            warm_up: Some(0.05),
            // Enough for the message that the fault is about, also where nobody is served for a moment.
            seconds: Some(1.0),
            ..Overrides::default()
        },
    })
    .unwrap()
}

#[test]
fn correct_server_has_no_errors() {
    let report = report(Fault::None);
    assert!(report.is_correct(), "{}", report.errors());
    assert_eq!(report.delivered, report.sent * 6);
}

#[test]
fn each_fault_is_reported() {
    for (fault, name) in [(Fault::Lose, "1 lost"), (Fault::Double, "1 doubled"), (Fault::Swap, "1 out of order")] {
        let report = report(fault);
        assert!(report.sent > VICTIM as u64);
        assert_eq!(report.errors(), name);
        assert!(!report.is_correct());
    }
}
