//! How streams are counted, limited and ended.

use std::time::Duration;

use futures::FutureExt;
use parlor::config::{Config, Switch};
use reqwest::header::ORIGIN;
use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::{KINDS, ask, closed, gauges, get, json, nothing_open, read_until, request, socket};
use crate::support::{PATIENCE, Server, http_client, http_connection::Stream, unlimited};

const ALL: [&str; 9] = [
    "/lab/clock",
    "/lab/clock/poll",
    "/lab/clock/events",
    "/lab/clock/frame",
    "/lab/clock/ws",
    "/lab/echo",
    "/lab/handshake",
    "/lab/handshake/answer",
    "/lab/streams",
];

async fn counted(server: &Server, (kind, path, websocket): (&str, &str, bool)) -> TcpStream {
    loop {
        let stream = ask(server.address, path, websocket).await;
        if kind != "poll" {
            gauges(server.address, |streams| streams["lab_streams"][kind] == 1 && streams["total"] == 1).await;
            return stream;
        }
        // It lasts less than a second and may end before it is seen.
        for _ in 0..20 {
            if json(server.address, "/lab/streams").await["lab_streams"][kind] == 1 {
                return stream;
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Leaving {
    /// The client closes its socket.
    Closing,
    /// The client closes its sending direction and keeps reading.
    HalfClosing,
    /// The connection is reset.
    Resetting,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gauges_return_to_zero_after_any_disconnect() {
    let server = Server::start().await;
    for kind in KINDS {
        for leaving in [Leaving::Closing, Leaving::HalfClosing, Leaving::Resetting] {
            for amid in [false, true] {
                let mut stream = counted(&server, kind).await;
                if amid {
                    // The response head, and the first tick of a clock.
                    let wanted = if matches!(kind.0, "echo" | "poll") { "HTTP/1.1 " } else { "\"seq\":1" };
                    read_until(&mut stream, wanted).await;
                }
                match leaving {
                    Leaving::Closing => drop(stream),
                    Leaving::HalfClosing => {
                        stream.shutdown().await.unwrap();
                        nothing_open(&server).await;
                        drop(stream);
                    }
                    Leaving::Resetting => {
                        SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
                        drop(stream);
                    }
                }
                nothing_open(&server).await;
            }
        }
    }
    // Incomplete and refused requests are no streams.
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&request("/lab/echo", true).as_bytes()[..60]).await.unwrap();
    assert_eq!(get(server.address, "/lab/echo").await.status(), 400);
    assert_eq!(json(server.address, "/lab/streams").await["total"], 0);
    server.stop().await;
}

#[tokio::test]
async fn cross_origin_requests_are_rejected() {
    let server = Server::start().await;
    for path in ALL {
        let asked = http_client().get(server.url(path)).header(ORIGIN, "https://evil.example").send().await.unwrap();
        assert_eq!(asked.status(), 403, "{path}");
        let own = http_client().get(server.url(path)).header(ORIGIN, server.url("")).send().await.unwrap();
        assert_ne!(own.status(), 403, "{path}");
    }
    nothing_open(&server).await;
    server.stop().await;
}

#[tokio::test]
async fn disabled_lab_returns_not_found() {
    let server = Server::start_with(Config { lab: Switch::Off, ..unlimited() }).await;
    for path in ALL {
        assert_eq!(get(server.address, path).await.status(), 404, "{path}");
    }
    for path in ["/lab", "/lab/lab.js", "/lab/lab.css"] {
        assert_eq!(get(server.address, path).await.status(), 404, "{path}");
    }
    // The page's data, by which the connection panel shows the link.
    let offered =
        async |server: &Server| get(server.address, "/shell").await.text().await.unwrap().contains("\"lab\":true");
    assert!(!offered(&server).await, "nor a link to it");
    server.stop().await;
    let server = Server::start().await;
    assert!(offered(&server).await);
    for path in ["/lab", "/lab/lab.js", "/lab/lab.css"] {
        assert_eq!(get(server.address, path).await.status(), 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test]
async fn other_methods_are_rejected() {
    let server = Server::start().await;
    for path in ALL {
        let posted = http_client().post(server.url(path)).send().await.unwrap();
        assert!([400, 405].contains(&posted.status().as_u16()), "{path}: {}", posted.status());
    }
    server.stop().await;
}

#[tokio::test]
async fn stream_limit_is_enforced_and_slots_are_released() {
    let server = Server::start_with(Config { max_lab_streams: 2, ..unlimited() }).await;
    let events = get(server.address, "/lab/clock/events").await;
    let echo = socket(&server, "/lab/echo", &[]).await;
    for (_, path, websocket) in KINDS {
        let mut stream = ask(server.address, path, websocket).await;
        let answer = read_until(&mut stream, "}}").await;
        assert!(answer.starts_with("HTTP/1.1 503 "), "{path}: {answer}");
        assert!(answer.contains("limit of open streams"), "{answer}");
    }
    // Other requests still work.
    assert_eq!(json(server.address, "/lab/clock").await["seq"], 1);
    assert_eq!(json(server.address, "/lab/streams").await["total"], 2);
    drop(events);
    gauges(server.address, |streams| streams["total"] == 1).await;
    let frame = get(server.address, "/lab/clock/frame").await;
    assert_eq!(frame.status(), 200);
    drop((frame, echo));
    nothing_open(&server).await;
    server.stop().await;
}

/// The rest of a stream.
async fn rest(stream: &mut TcpStream) -> String {
    let mut rest = String::new();
    tokio::time::timeout(PATIENCE, stream.read_to_string(&mut rest)).await.expect("an end").unwrap();
    rest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_at_the_time_limit() {
    let server = Server::start_with(Config { lab_stream_time: Duration::from_millis(1_500), ..unlimited() }).await;
    let mut clock = socket(&server, "/lab/clock/ws", &[]).await;
    let mut echo = socket(&server, "/lab/echo", &[]).await;
    let mut events = Stream::of(get(server.address, "/lab/clock/events").await);
    let mut frame = ask(server.address, "/lab/clock/frame", false).await;
    for socket in [&mut clock, &mut echo] {
        let close = closed(socket).await.unwrap();
        assert_eq!(close.code, CloseCode::Normal);
        assert!(close.reason.contains("time limit"), "{close}");
    }
    let mut last = None;
    while let Some(block) = events.block().await {
        last = Some(block);
    }
    let last = last.unwrap();
    assert_eq!(last.event.as_deref(), Some("end"));
    assert!(last.data.unwrap().contains("time limit"));
    // Complete, including the last chunk. The page with the iframe is told that the end was intended.
    let frame = rest(&mut frame).await;
    assert!(frame.contains("{end: true}") && frame.ends_with("</html>\n\r\n0\r\n\r\n"), "{frame}");
    nothing_open(&server).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_end_on_shutdown() {
    let server = Server::start().await;
    let address = server.address;
    let mut clock = socket(&server, "/lab/clock/ws", &[]).await;
    let mut echo = socket(&server, "/lab/echo", &[]).await;
    let mut events = Stream::of(get(address, "/lab/clock/events").await);
    let mut frame = ask(address, "/lab/clock/frame", false).await;
    read_until(&mut frame, "</script>").await;
    let mut poll = ask(address, "/lab/clock/poll", false).await;
    // All of them have reached the server; the poll may have ended already.
    let come = |poll: &TcpStream| poll.peek(&mut [0]).now_or_never().is_some();
    gauges(address, |streams| streams["total"].as_u64() >= Some(5) || come(&poll)).await;
    let stopping = tokio::spawn(server.stop());
    for socket in [&mut clock, &mut echo] {
        let close = closed(socket).await.unwrap();
        assert_eq!(close.code, CloseCode::Away);
        assert!(close.reason.contains("stopping"), "{close}");
    }
    // These reconnect by themselves, so they get no final message.
    while let Some(block) = events.block().await {
        assert_ne!(block.event.as_deref(), Some("end"));
    }
    let frame = rest(&mut frame).await;
    assert!(!frame.contains("end: true") && frame.ends_with("</html>\n\r\n0\r\n\r\n"), "{frame}");
    // Unless its tick came just before.
    let polled = rest(&mut poll).await;
    assert!(polled.contains("stopping") || polled.contains("\"seq\":1"), "{polled}");
    drop((clock, echo));
    stopping.await.unwrap();
}
