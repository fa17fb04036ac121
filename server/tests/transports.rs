//! Server-sent events and long polling.

mod disconnects;
mod slow_readers;

use std::time::Duration;

use crate::support::{
    FrameReader, Server, body, http_client,
    http_connection::{Poller, Requests, array, lobby},
    message,
};
use parlor_protocol::{ClientFrame, CloseCode, CommandId, Cursor, GapReason, RoomId, ServerFrame, error_code, limits};
use reqwest::Method;
use uuid::Uuid;

#[tokio::test]
async fn event_stream_format_suits_browsers_and_proxies() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("tab-1"));
    let mut stream = ann.stream(None).await;
    let headers = stream.response.headers();
    assert_eq!(headers["content-type"], "text/event-stream");
    assert_eq!(headers["cache-control"], "no-cache, no-transform");
    assert_eq!(headers["x-accel-buffering"], "no");
    assert!(headers.get("content-encoding").is_none());
    let opening = stream.block().await.unwrap();
    assert!(opening.comment.is_some() && opening.retry.is_some() && opening.data.is_none());
    ann.hello(vec![lobby(None)]).await;
    let welcome = stream.block().await.unwrap();
    assert_eq!((&welcome.id, &welcome.event), (&None, &None));
    assert!(matches!(ServerFrame::decode(&welcome.data.unwrap()), Ok(ServerFrame::Welcome { .. })));
    assert!(matches!(stream.next().await, ServerFrame::Joined { head: 0, .. }));
    let id = writer.post("over the wire\nin two lines").await;
    let block = stream.block().await.unwrap();
    assert_eq!(block.id.unwrap(), format!("lobby:1:{}", id.tail().0));
    assert!(matches!(ServerFrame::decode(&block.data.unwrap()), Ok(ServerFrame::Event(event)) if event.seq == 1));
    let id = ann.say("and back").await;
    let mut acked = false;
    let event = stream
        .until(|frame| match frame {
            ServerFrame::Ack { id: acked_id, seq: 2, .. } => {
                acked = *acked_id == id;
                None
            }
            ServerFrame::Event(event) => Some(event.clone()),
            _ => None,
        })
        .await;
    assert_eq!(body(&event), "and back");
    if !acked {
        stream.until(|frame| matches!(frame, ServerFrame::Ack { seq: 2, .. }).then_some(())).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn polls_return_at_once_or_wait_for_frames() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let made = server.session("ann").await;
    for name in [None, Some("poller")] {
        let requests = Requests::new(server.address, &made, name);
        requests.hello(vec![]).await;
        let mut ann = Poller::new(requests.clone());
        assert!(matches!(ann.next().await, ServerFrame::Welcome { .. }));
        requests.post(&[ClientFrame::Join(lobby(None))]).await;
        ann.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
        let held = tokio::spawn(async move { (body(&ann.event().await).to_owned(), ann) });
        writer.send("wake up").await;
        let (said, mut ann) = held.await.unwrap();
        assert_eq!(said, "wake up");
        ann.requests.post(&[ClientFrame::Typing { room: RoomId::lobby() }, ClientFrame::Ping { at: 7 }]).await;
        ann.until(|frame| matches!(frame, ServerFrame::Pong { at: 7, .. }).then_some(())).await;
    }
    server.stop().await;
}

/// Browsers open six connections to a host over HTTP/1.1, for all their tabs.
#[tokio::test]
async fn a_session_limits_its_waiting_requests() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let tab = |name: &str| Requests::new(server.address, &made, Some(&format!("{name}&max_streams=2")));
    let mut first = tab("one").stream(None).await;
    assert!(first.block().await.unwrap().comment.is_some());
    // The second place: a poll that waits.
    let second = tab("two");
    second.hello(vec![]).await;
    assert!(matches!(second.poll().await[..], [ServerFrame::Welcome { .. }]));
    let waiting = tokio::spawn({
        let second = second.clone();
        // One that comes while the third has a stream does not wait.
        async move {
            loop {
                second.poll().await;
            }
        }
    });
    let third = tab("three");
    loop {
        let mut stream = third.stream(None).await;
        let block = stream.block().await.unwrap();
        if block.event.as_deref() == Some("full") {
            assert_eq!(stream.block().await, None, "the stream ends");
            break;
        }
    }
    third.hello(vec![lobby(None)]).await;
    let mut poller = Poller::new(third.clone());
    poller.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    // It would wait for 25 seconds.
    let empty = async { while !third.poll().await.is_empty() {} };
    tokio::time::timeout(Duration::from_secs(5), empty).await.expect("an answer without frames");
    // A client that names no limit has none.
    let unlimited = Requests::new(server.address, &made, Some("four"));
    assert!(unlimited.stream(None).await.block().await.unwrap().comment.is_some());
    // A place that becomes free is used.
    drop(first);
    waiting.abort();
    loop {
        let block = tab("five").stream(None).await.block().await.unwrap();
        if block.comment.is_some() {
            break;
        }
    }
    let bad = http_client().get(server.url("/live/sse?max_streams=many")).bearer_auth(&made.token);
    assert_eq!(bad.send().await.unwrap().status(), 400);
    server.stop().await;
}

#[tokio::test]
async fn posted_frames_are_validated_and_answered_in_order() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("a"));
    // Permissions: origin first, then session.
    let request = |method: Method, path: &str| http_client().request(method, server.url(path));
    for (method, path) in [(Method::POST, "frames"), (Method::GET, "sse"), (Method::GET, "poll")] {
        let path = format!("/live/{path}");
        assert_eq!(request(method.clone(), &path).send().await.unwrap().status(), 401);
        let foreign = request(method.clone(), &path).header("origin", "http://evil.example");
        assert_eq!(foreign.send().await.unwrap().status(), 403);
        for name in ["", "a.b", "a%20b", &"n".repeat(65)] {
            let bad = request(method.clone(), &format!("{path}?connection={name}")).bearer_auth(&made.token);
            assert_eq!(bad.send().await.unwrap().status(), 400, "{name:?}");
        }
    }
    assert_eq!(request(Method::GET, "/live/frames").bearer_auth(&made.token).send().await.unwrap().status(), 405);
    // To an unknown connection.
    let none = (410, Some(error_code::NO_CONNECTION.to_owned()));
    for body in ["[]", r#"[{"type":"ping","at":1}]"#, r#"[{"type":"ping","at":1},{"type":"hello","protocol":1}]"#] {
        assert_eq!(ann.post_text(body).await, none, "{body}");
    }
    assert_eq!(ann.refused_poll().await, none);
    // Bodies that are not arrays of frames.
    let mut stream = ann.stream(None).await;
    for body in ["", "{}", "[", "[1,]", "hello", "[]x"] {
        assert_eq!(ann.post_text(body).await, (400, Some(error_code::BAD_FRAME.into())), "{body}");
    }
    assert_eq!(ann.post_text(vec![b'[', b'"', 0xff, b'"', b']']).await.0, 400);
    let many = vec![ClientFrame::Ping { at: 1 }; 257];
    assert_eq!(ann.post_text(array(&many)).await, (413, Some(error_code::TOO_LARGE.into())));
    // Each invalid frame is answered in its position; up to 256 frames are accepted.
    let bad = r#"[{"type":"hello","protocol":1,"resume":[{"room":"lobby"}]},7,{"type":"dance"},{"type":"join"},{"type":"ping","at":9}]"#;
    assert_eq!(ann.post_text(bad).await, (204, None));
    let mut codes = Vec::new();
    loop {
        match stream.next().await {
            ServerFrame::Refused { code, .. } => codes.push(code),
            ServerFrame::Pong { at: 9, .. } => break,
            _ => {}
        }
    }
    assert_eq!(codes, [error_code::BAD_FRAME, error_code::UNKNOWN_TYPE, error_code::BAD_FRAME]);
    let ids: Vec<_> = (0..512).map(|_| CommandId(Uuid::now_v7())).collect();
    for some in ids.chunks(256) {
        let frames: Vec<_> = some.iter().map(|id| message(*id, "one after the other")).collect();
        ann.post(&frames).await;
    }
    let mut seen = Vec::new();
    while seen.len() < ids.len() {
        seen.push(stream.event().await.id);
    }
    assert_eq!(seen, ids);
    // An oversized frame ends the connection, as over WebSocket.
    let large = format!(r#"[{{"type":"ping","at":1,"x":"{}"}}]"#, "x".repeat(limits::MAX_FRAME_BYTES));
    assert_eq!(ann.post_text(large).await, (413, Some(error_code::TOO_LARGE.into())));
    assert_eq!(stream.ended().await, Some(CloseCode::FrameTooLarge.code()));
    let mut stream = ann.stream(None).await;
    assert_eq!(ann.post_text("x".repeat(limits::MAX_POST_BYTES + 1)).await, (413, Some(error_code::TOO_LARGE.into())));
    assert_eq!(stream.ended().await, Some(CloseCode::FrameTooLarge.code()));
    server.no_http_connections().await;
    server.stop().await;
}

#[tokio::test]
async fn event_stream_resumes_from_last_event_id() {
    let server = Server::start().await;
    let mut writer = server.client("writer").await;
    let garden = server.new_room(&writer.token, "Garden").await.room.id;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, None);
    let mut stream = ann.stream(None).await;
    let in_garden = Cursor { room: garden.clone(), after: None, tail: None };
    ann.hello(vec![lobby(None), in_garden]).await;
    for _ in 0..2 {
        stream.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    }
    let first = writer.post("one").await;
    assert_eq!(stream.event().await.id, first);
    let last_id = stream.last_id.clone().unwrap();
    assert_eq!(last_id, format!("lobby:1:{},{garden}:0:", first.tail().0));
    drop(stream);
    server.no_http_connections().await;
    let missed = writer.post("two").await;
    writer.acked(missed).await;
    let id = CommandId(Uuid::now_v7());
    writer.say(&ClientFrame::Send { id, room: garden.clone(), body: "three".into(), reply_to: None }).await;
    writer.acked(id).await;
    // No hello is needed, and nothing is delivered twice.
    let mut stream = ann.stream(Some(&last_id)).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    let mut seen = vec![stream.event().await.id, stream.event().await.id];
    seen.sort_unstable();
    assert_eq!(seen, [missed, id]);
    let live = ann.say("live").await;
    assert_eq!(stream.event().await.id, live);
    assert!(stream.last_id.as_ref().unwrap().starts_with(&format!("lobby:3:{},{garden}:1:", live.tail().0)));
    // An invalid id is ignored: the client has to say hello.
    let mut other = ann.stream(Some("42")).await;
    ann.hello(vec![]).await;
    assert!(matches!(other.next().await, ServerFrame::Welcome { .. }));
    // Cursors of another history, and too far behind.
    let mut changed = ann.stream(Some("lobby:2:00000000")).await;
    let gap = changed.until(|frame| match frame {
        ServerFrame::Gap { reason, after, head, .. } => Some((*reason, *after, *head)),
        _ => None,
    });
    assert_eq!(gap.await, (GapReason::HistoryChanged, 2, 3));
    server.stop().await;
}

#[tokio::test]
async fn newest_stream_takes_over_a_connection_id() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("tab"));
    // A stream replaces a stream.
    let mut first = ann.stream(None).await;
    ann.hello(vec![]).await;
    assert!(matches!(first.next().await, ServerFrame::Welcome { .. }));
    let mut second = ann.stream(None).await;
    assert_eq!(first.ended().await, None);
    ann.hello(vec![]).await;
    assert!(matches!(second.next().await, ServerFrame::Welcome { .. }));
    // Polls replace a stream after another hello, and other polls.
    assert_eq!(ann.refused_poll().await.0, 410, "it is a stream");
    ann.hello(vec![lobby(None)]).await;
    assert_eq!(second.ended().await, None);
    let mut poller = Poller::new(ann.clone());
    poller.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    let held = tokio::spawn({
        let ann = ann.clone();
        async move { ann.poll().await }
    });
    server.holds(1).await;
    ann.hello(vec![]).await;
    assert_eq!(held.await.unwrap(), [], "the one that was replaced");
    assert!(matches!(poller.next().await, ServerFrame::Welcome { .. }));
    assert_eq!(server.http_connections(), 1);
    // Other connection ids, and the same id of another session, are independent.
    let others = [
        Requests::new(server.address, &made, Some("tab2")),
        Requests::new(server.address, &server.session("bob").await, Some("tab")),
        Requests::new(server.address, &made, None),
        Requests::new(server.address, &made, None),
    ];
    let mut streams = Vec::new();
    for other in &others {
        let mut stream = other.stream(None).await;
        other.hello(vec![]).await;
        assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
        streams.push(stream);
    }
    ann.post(&[ClientFrame::Ping { at: 3 }]).await;
    poller.until(|frame| matches!(frame, ServerFrame::Pong { at: 3, .. }).then_some(())).await;
    others[3].post(&[ClientFrame::Ping { at: 4 }]).await;
    streams[3].until(|frame| matches!(frame, ServerFrame::Pong { at: 4, .. }).then_some(())).await;
    assert_eq!(server.http_connections(), 5);
    drop(streams);
    while server.http_connections() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn hello_posted_before_the_stream_opens_is_kept() {
    let server = Server::start().await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("tab"));
    ann.hello(vec![lobby(None)]).await;
    let mut stream = ann.stream(None).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    // Clients that repeat it after the stream opens work as well.
    ann.hello(vec![]).await;
    stream.ended().await;
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    assert_eq!(server.http_connections(), 1);
    server.stop().await;
}
