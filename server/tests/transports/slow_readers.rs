//! Event streams that are not read.

use std::time::{Duration, Instant};

use crate::support::{
    FrameReader, PATIENCE, Server,
    http_connection::{Requests, lobby},
    narrow_socket, unlimited,
};
use futures::StreamExt;
use parlor::config::Config;
use parlor_protocol::{ClientFrame, GapReason, ServerFrame, http::CreatedSession};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// An unread stream with the smallest possible receive buffer.
async fn narrow_stream(server: &Server, made: &CreatedSession, name: &str) -> TcpStream {
    let mut stream = narrow_socket(server.address);
    let head =
        format!("GET /live/sse?connection={name} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", made.token);
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_stream_gets_a_gap_and_delays_nobody() {
    let server = Server::start().await;
    let made = server.session("slow").await;
    let slow = Requests::new(server.address, &made, Some("slow"));
    let mut socket = narrow_stream(&server, &made, "slow").await;
    slow.hello(vec![lobby(None)]).await;
    let reader_requests = Requests::new(server.address, &server.session("reader").await, None);
    let mut reader = reader_requests.stream(None).await;
    reader_requests.hello(vec![lobby(None)]).await;
    reader.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    let mut writer = server.client("writer").await;
    let text = "x".repeat(4_000);
    for n in 1..=400 {
        writer.send(&text).await;
        assert_eq!(reader.event().await.seq, n);
    }
    // Its POSTs are still answered.
    slow.post(&[ClientFrame::Ping { at: 1 }]).await;
    // The buffered events have no gap and are followed by `gap`.
    let mut received = Vec::new();
    let (last, gap) = loop {
        let mut bytes = [0; 65_536];
        let read = tokio::time::timeout(PATIENCE, socket.read(&mut bytes)).await.unwrap().unwrap();
        assert!(read > 0, "ended without a word");
        received.extend_from_slice(&bytes[..read]);
        let text = dechunked(&received);
        let frames: Vec<_> = text
            .split_inclusive("\n\n")
            .filter(|block| block.ends_with("\n\n"))
            .filter_map(|block| block.lines().find_map(|line| line.strip_prefix("data: ")))
            .filter_map(|data| ServerFrame::decode(data).ok())
            .collect();
        let gap = frames.iter().find_map(|frame| match frame {
            ServerFrame::Gap { reason, after, head, .. } => Some((*reason, *after, *head)),
            _ => None,
        });
        if let Some(gap) = gap {
            let seqs = frames.iter().filter_map(|frame| match frame {
                ServerFrame::Event(event) => Some(event.seq),
                _ => None,
            });
            let seqs: Vec<_> = seqs.collect();
            assert!(seqs.iter().copied().eq(1..=u64::try_from(seqs.len()).unwrap()), "{seqs:?}");
            break (u64::try_from(seqs.len()).unwrap(), gap);
        }
    };
    assert_eq!(gap, (GapReason::Overflow, last, 400));
    drop(socket);
    drop(reader);
    server.no_http_connections().await;
    server.stop().await;
}

/// The received part of a chunked body.
fn dechunked(answer: &[u8]) -> String {
    let text = String::from_utf8_lossy(answer);
    let mut rest = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    let mut body = String::new();
    while let Some((size, chunk)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        let Some(part) = chunk.get(..size) else { break };
        body.push_str(part);
        rest = chunk.get(size + 2..).unwrap_or("");
    }
    body
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stalled_stream_is_closed() {
    let config = Config { heartbeat: Duration::from_secs(1), max_connections: 4, ..unlimited() };
    let server = Server::start_with(config).await;
    let made = server.session("frozen").await;
    let mut frozen = Vec::new();
    for name in ["one", "two"] {
        let requests = Requests::new(server.address, &made, Some(name));
        frozen.push(narrow_stream(&server, &made, name).await);
        requests.hello(vec![lobby(None)]).await;
    }
    let mut writer = server.client("writer").await;
    let text = "x".repeat(4_000);
    for _ in 0..300 {
        writer.send(&text).await;
    }
    // The writer keeps reading, which answers heartbeats.
    tokio::spawn(async move { while writer.socket.next().await.is_some_and(|next| next.is_ok()) {} });
    // They are closed after two heartbeats and aborted two seconds later, which frees all slots but the writer's.
    server.no_http_connections().await;
    let begun = Instant::now();
    loop {
        let mut held = Vec::new();
        for _ in 0..3 {
            let mut socket = TcpStream::connect(server.address).await.unwrap();
            socket.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
            let mut status = [0; 12];
            if socket.read_exact(&mut status).await.is_ok() && status.ends_with(b"200") {
                held.push(socket);
            }
        }
        if held.len() == 3 {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "{} of 3", held.len());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(frozen);
    server.stop().await;
}
