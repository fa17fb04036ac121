//! What RFC 6455 says, as a table of cases that run over raw sockets against `/lab/echo`: bytes sent, and the exact frames
//! and the end that must come back. The client's side is written here by hand and shares no code with the server's.

mod close;
mod control;
mod fragments;
mod framing;
mod handshake;
mod sizes;
mod text;
mod wire;

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures::StreamExt;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::Server;
use wire::{CLOSE, Frame};

/// How the server ends a connection.
#[derive(Clone, Debug)]
enum End {
    /// By a close frame with the client's code, or without one.
    Answered(Option<u16>),
    /// By a close frame with this code and any reason.
    Code(u16),
    /// Without a close frame, after the client has closed its direction.
    Silent,
}

#[derive(Clone, Debug)]
struct Case {
    name: String,
    /// The client's writes.
    pieces: Vec<Vec<u8>>,
    /// Whether the first write is sent together with the handshake.
    early: bool,
    /// The exact frames that must be received.
    back: Vec<Frame>,
    end: End,
}

impl Case {
    fn new(name: impl Into<String>, bytes: Vec<u8>, back: Vec<Frame>, end: End) -> Self {
        Self { name: name.into(), pieces: vec![bytes], early: false, back, end }
    }

    /// A valid case: the client then closes with 1000.
    fn good(name: impl Into<String>, mut bytes: Vec<u8>, back: Vec<Frame>) -> Self {
        bytes.extend(wire::closing(1000, b""));
        Self::new(name, bytes, back, End::Answered(Some(1000)))
    }

    /// An invalid case: the server closes with this code after these frames.
    fn bad(name: impl Into<String>, bytes: Vec<u8>, back: Vec<Frame>, code: u16) -> Self {
        Self::new(name, bytes, back, End::Code(code))
    }

    /// The same, in writes of this many bytes.
    fn cut(mut self, size: usize) -> Self {
        self.pieces = self.pieces.concat().chunks(size).map(<[u8]>::to_vec).collect();
        self.name = format!("{}, {size} bytes at a time", self.name);
        self
    }

    /// The same, in two writes.
    fn cut_at(mut self, at: usize) -> Self {
        let mut one = self.pieces.concat();
        let two = one.split_off(at);
        self.pieces = vec![one, two];
        self
    }

    async fn run(&self, address: SocketAddr) -> Result<(), String> {
        let mut stream = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        let mut request = wire::REQUEST.as_bytes().to_vec();
        let rest = if self.early {
            request.extend(&self.pieces[0]);
            &self.pieces[1..]
        } else {
            &self.pieces
        };
        stream.write_all(&request).await.map_err(|error| error.to_string())?;
        let head = wire::answer(&mut stream).await;
        if !head.starts_with("HTTP/1.1 101 ") {
            return Err(format!("not opened: {head}"));
        }
        let (mut incoming, mut outgoing) = stream.split();
        let write = async {
            for piece in rest {
                // After a violation the server ignores further frames.
                if outgoing.write_all(piece).await.is_err() {
                    return;
                }
                tokio::task::yield_now().await;
            }
            if matches!(self.end, End::Silent) {
                let _ = outgoing.shutdown().await;
            }
        };
        let mut bytes = Vec::new();
        let (_, read) = tokio::join!(write, incoming.read_to_end(&mut bytes));
        read.map_err(|error| format!("the connection broke: {error}"))?;
        self.judge(wire::read(&bytes)?)
    }

    fn judge(&self, mut frames: Vec<Frame>) -> Result<(), String> {
        let close = frames.pop_if(|(opcode, _)| *opcode == CLOSE).map(|(_, payload)| payload);
        if frames != self.back {
            return Err(format!("{} instead of {}", wire::shown(&frames), wire::shown(&self.back)));
        }
        let as_it_must_be = match (&self.end, &close) {
            (End::Silent, None) => true,
            (End::Answered(None), Some(payload)) => payload.is_empty(),
            (End::Answered(Some(code)), Some(payload)) => *payload == code.to_be_bytes(),
            (End::Code(code), Some(payload)) => {
                payload.starts_with(&code.to_be_bytes()) && std::str::from_utf8(&payload[2..]).is_ok()
            }
            _ => false,
        };
        if as_it_must_be { Ok(()) } else { Err(format!("ended with {close:?} instead of {:?}", self.end)) }
    }
}

fn all() -> Vec<Case> {
    [sizes::cases(), control::cases(), framing::cases(), fragments::cases(), text::cases(), close::cases()].concat()
}

/// Concurrent connections.
const AT_A_TIME: usize = 32;

/// Time limit of a case, which takes milliseconds. Short, so that a failing case does not delay the others.
const PATIENCE: Duration = Duration::from_secs(10);

#[allow(clippy::print_stdout)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_rfc_cases_pass() {
    let begun = Instant::now();
    let server = Server::start().await;
    let address = server.address;
    let (cases, handshakes) = (all(), handshake::cases());
    let mut names = BTreeSet::new();
    for case in &cases {
        assert!(names.insert(&case.name), "two cases are {}", case.name);
    }
    let count = cases.len() + handshakes.len();
    let talked = futures::stream::iter(cases).map(async |case| {
        let ended = tokio::time::timeout(PATIENCE, case.run(address)).await;
        (case.name, ended.unwrap_or_else(|_| Err("it does not end".into())))
    });
    let opened = futures::stream::iter(handshakes).map(async |case| {
        let ended = tokio::time::timeout(PATIENCE, case.run(address)).await;
        (case.name.to_owned(), ended.unwrap_or_else(|_| Err("it does not end".into())))
    });
    let mut ends: Vec<(String, Result<(), String>)> = talked.buffer_unordered(AT_A_TIME).collect().await;
    ends.extend(opened.buffer_unordered(AT_A_TIME).collect::<Vec<_>>().await);
    let failed: Vec<_> = ends.iter().filter_map(|(name, end)| Some((name, end.as_ref().err()?))).collect();
    for (name, why) in &failed {
        eprintln!("{name}: {why}");
    }
    println!("{count} conformance cases in {:.1} s", begun.elapsed().as_secs_f64());
    assert_eq!(ends.len(), count);
    assert!(count >= 150, "{count}");
    assert!(
        failed.is_empty(),
        "{} of {count} failed: {:?}",
        failed.len(),
        failed.iter().map(|f| f.0).collect::<Vec<_>>()
    );
    server.stop().await;
}

/// The check fails for wrong responses.
#[test]
fn wrong_responses_fail_the_check() {
    let case = Case::good("a text", wire::frame(0x81, b"a"), vec![(wire::TEXT, b"a".to_vec())]);
    let closed = (CLOSE, 1000_u16.to_be_bytes().to_vec());
    assert!(case.judge(vec![(wire::TEXT, b"a".to_vec()), closed.clone()]).is_ok());
    assert!(case.judge(vec![(wire::TEXT, b"b".to_vec()), closed.clone()]).is_err());
    assert!(case.judge(vec![(wire::BINARY, b"a".to_vec()), closed.clone()]).is_err());
    assert!(case.judge(vec![(wire::TEXT, b"a".to_vec()), (CLOSE, vec![])]).is_err());
    assert!(case.judge(vec![(wire::TEXT, b"a".to_vec())]).is_err());
    assert!(case.judge(vec![closed.clone(), closed]).is_err());
    for bytes in [&[0x81, 0x81, 0, 0, 0, 0, 0][..], &[0xc1, 0], &[0x01, 0], &[0x81, 126, 0, 1, b'a'], &[0x81, 2, b'a']]
    {
        assert!(wire::read(bytes).is_err(), "{bytes:?}");
    }
}
