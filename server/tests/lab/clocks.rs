//! The clocks over each transport.

use futures::SinkExt;
use parlor_protocol::Millis;
use serde_json::Value;
use tokio_tungstenite::tungstenite::{
    Message,
    protocol::{CloseFrame, frame::coding::CloseCode},
};

use super::{KINDS, ask, closed, get, next, read_until, request, socket};
use crate::support::{Server, http_connection::Stream};

/// Checks consecutive ticks.
#[derive(Default)]
struct Ticks {
    seq: u64,
    second: Millis,
}

impl Ticks {
    /// Seqs increase by one, the first tick has `up`, and each second of the server's clock occurs at most once.
    fn take(&mut self, tick: &Value) -> Millis {
        self.seq += 1;
        assert_eq!(tick["seq"], self.seq, "{tick}");
        let fields: Vec<_> = tick.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, if self.seq == 1 { vec!["now", "seq", "up"] } else { vec!["now", "seq"] });
        let now = tick["now"].as_i64().unwrap();
        assert!(now / 1_000 > self.second, "{tick} within the second {}", self.second);
        self.second = now / 1_000;
        now
    }
}

#[tokio::test]
async fn single_tick_is_returned_at_once() {
    let server = Server::start().await;
    let before = parlor::clock::now();
    let answer = get(server.address, "/lab/clock").await;
    assert_eq!((answer.status().as_u16(), &answer.headers()["cache-control"]), (200, &"no-store".parse().unwrap()));
    assert_eq!(answer.headers()["content-type"], "application/json");
    let now = Ticks::default().take(&answer.json().await.unwrap());
    assert!((before..=parlor::clock::now()).contains(&now));
    server.stop().await;
}

#[tokio::test]
async fn first_tick_reports_the_request_size() {
    let server = Server::start().await;
    for (path, websocket) in [("/lab/clock", false), ("/lab/clock?of=mine&x=%20", false)]
        .into_iter()
        .chain(KINDS[..4].iter().map(|(_, path, websocket)| (*path, *websocket)))
    {
        let mut stream = ask(server.address, path, websocket).await;
        let text = read_until(&mut stream, "}").await;
        let length = request(path, websocket).len();
        assert!(text.contains(&format!(r#""seq":1,"up":{length}}}"#)), "{path}, {length}: {text}");
    }
    server.stop().await;
}

#[tokio::test]
async fn polls_wait_for_the_next_second() {
    let server = Server::start().await;
    for _ in 0..2 {
        let before = parlor::clock::now();
        let answer = get(server.address, "/lab/clock/poll").await;
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers()["content-type"], "application/json");
        let now = Ticks::default().take(&answer.json().await.unwrap());
        assert!(now / 1_000 > before / 1_000, "{now} asked at {before}");
    }
    server.stop().await;
}

#[tokio::test]
async fn event_stream_ticks_every_second() {
    let server = Server::start().await;
    let answer = get(server.address, "/lab/clock/events").await;
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.headers()[name], value);
    }
    let mut stream = Stream::of(answer);
    let opening = stream.block().await.unwrap();
    assert!(opening.comment.is_some() && opening.retry == Some(1_000) && opening.data.is_none(), "{opening:?}");
    let mut ticks = Ticks::default();
    for _ in 0..4 {
        let block = stream.block().await.unwrap();
        let now = ticks.take(&serde_json::from_str(block.data.as_ref().unwrap()).unwrap());
        assert_eq!((block.id, block.event), (Some(now.to_string()), Some("message".into())));
    }
    server.stop().await;
}

#[tokio::test]
async fn iframe_ticks_every_second_under_its_own_csp() {
    let server = Server::start().await;
    let mut nonces = Vec::new();
    for ticks_wanted in [1, 3] {
        let mut answer = get(server.address, "/lab/clock/frame").await;
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        let policy = header("content-security-policy");
        let rest = policy.strip_prefix("default-src 'none'; script-src 'nonce-").unwrap();
        let nonce = rest.strip_suffix("'; frame-ancestors 'self'").unwrap().to_owned();
        assert!(nonce.len() >= 32 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{nonce}");
        assert_eq!(header("x-frame-options"), "SAMEORIGIN");
        assert_eq!(header("content-type"), "text/html; charset=utf-8");
        assert_eq!(header("x-accel-buffering"), "no");
        let (begin, end) =
            (format!("<script nonce=\"{nonce}\">parent.postMessage({{clock: "), "}, location.origin)</script>");
        let (mut html, mut ticks) = (String::new(), Ticks::default());
        while html.matches("</script>").count() < ticks_wanted {
            html.push_str(std::str::from_utf8(&answer.chunk().await.unwrap().unwrap()).unwrap());
        }
        let mut scripts = html.split("<script");
        let opening = scripts.next().unwrap();
        assert!(opening.starts_with("<!DOCTYPE html>") && opening.len() >= 1_024, "{}", opening.len());
        for script in scripts {
            let script = format!("<script{}", script.trim_end());
            let tick = script.strip_prefix(&begin).and_then(|rest| rest.strip_suffix(end));
            ticks.take(&serde_json::from_str(tick.unwrap_or_else(|| panic!("{script}"))).unwrap());
        }
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1], "each answer has its own");
    for path in ["/", "/lab/clock", "/lab/clock/events", "/lab/streams", "/lab/handshake/answer"] {
        let answer = get(server.address, path).await;
        assert_eq!(answer.headers()["x-frame-options"], "DENY", "{path}");
        let policy = answer.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("frame-ancestors 'none'"), "{path}: {policy}");
    }
    server.stop().await;
}

#[tokio::test]
async fn websocket_ticks_every_second_and_ignores_input() {
    let server = Server::start().await;
    let mut clock = socket(&server, "/lab/clock/ws", &[]).await;
    let (mut ticks, mut pong) = (Ticks::default(), None);
    clock.send(Message::Text("what is the time".into())).await.unwrap();
    clock.send(Message::Binary(vec![0xff; 1_000].into())).await.unwrap();
    clock.send(Message::Ping("are you there".into())).await.unwrap();
    while ticks.seq < 3 || pong.is_none() {
        match next(&mut clock).await {
            Message::Text(tick) => drop(ticks.take(&serde_json::from_str(&tick).unwrap())),
            Message::Pong(payload) => assert_eq!(pong.replace(payload), None),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pong.unwrap(), "are you there");
    clock.close(Some(CloseFrame { code: CloseCode::from(4_321), reason: "enough".into() })).await.unwrap();
    assert_eq!(u16::from(closed(&mut clock).await.unwrap().code), 4_321);
    server.stop().await;
}
