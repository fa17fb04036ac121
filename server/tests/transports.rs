//! Frames over server-sent events and long polling: the same session, carried by HTTP requests.

use std::time::{Duration, Instant};

use crate::support::{
    PATIENCE, Server, body,
    carried::{Poller, Requests, array, lobby, message},
    http_client, narrow_socket, unlimited,
};
use futures::StreamExt;
use parlor::config::Config;
use parlor_protocol::{
    ClientFrame, CloseCode, CommandId, Cursor, GapReason, RoomId, ServerFrame, http::SessionMade, limits, refusal,
};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use uuid::Uuid;

#[tokio::test]
async fn a_stream_has_the_form_that_browsers_and_proxies_want() {
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
    // What is said comes back both ways.
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
async fn polls_answer_at_once_or_wait_and_wake_up() {
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

#[tokio::test]
async fn what_is_posted_is_checked_and_answered_in_its_order() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("a"));
    // Who may: first the page, then the person.
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
    // To nobody.
    let none = (410, Some(refusal::NO_CONNECTION.to_owned()));
    for body in ["[]", r#"[{"type":"ping","at":1}]"#, r#"[{"type":"ping","at":1},{"type":"hello","protocol":1}]"#] {
        assert_eq!(ann.post_text(body).await, none, "{body}");
    }
    assert_eq!(ann.refused_poll().await, none);
    // What is no array of frames.
    let mut stream = ann.stream(None).await;
    for body in ["", "{}", "[", "[1,]", "hello", "[]x"] {
        assert_eq!(ann.post_text(body).await, (400, Some(refusal::BAD_FRAME.into())), "{body}");
    }
    assert_eq!(ann.post_text(vec![b'[', b'"', 0xff, b'"', b']']).await.0, 400);
    let many = vec![ClientFrame::Ping { at: 1 }; 257];
    assert_eq!(ann.post_text(array(&many)).await, (413, Some(refusal::TOO_LARGE.into())));
    // Single bad frames are answered where they stand; 256 at once are taken.
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
    assert_eq!(codes, [refusal::BAD_FRAME, refusal::UNKNOWN_TYPE, refusal::BAD_FRAME]);
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
    // Too large a frame ends the connection, as on a WebSocket.
    let large = format!(r#"[{{"type":"ping","at":1,"x":"{}"}}]"#, "x".repeat(limits::MAX_FRAME_BYTES));
    assert_eq!(ann.post_text(large).await, (413, Some(refusal::TOO_LARGE.into())));
    assert_eq!(stream.ended().await, Some(CloseCode::FrameTooLarge.code()));
    let mut stream = ann.stream(None).await;
    assert_eq!(ann.post_text("x".repeat(limits::MAX_POST_BYTES + 1)).await, (413, Some(refusal::TOO_LARGE.into())));
    assert_eq!(stream.ended().await, Some(CloseCode::FrameTooLarge.code()));
    server.nothing_carried().await;
    server.stop().await;
}

#[tokio::test]
async fn a_stream_goes_on_where_the_last_event_id_says() {
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
    server.nothing_carried().await;
    let missed = writer.post("two").await;
    writer.acked(missed).await;
    let id = CommandId(Uuid::now_v7());
    writer.say(&ClientFrame::Send { id, room: garden.clone(), body: "three".into(), reply_to: None }).await;
    writer.acked(id).await;
    // No hello is needed, and nothing comes twice.
    let mut stream = ann.stream(Some(&last_id)).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    let mut seen = vec![stream.event().await.id, stream.event().await.id];
    seen.sort_unstable();
    assert_eq!(seen, [missed, id]);
    let live = ann.say("live").await;
    assert_eq!(stream.event().await.id, live);
    assert!(stream.last_id.as_ref().unwrap().starts_with(&format!("lobby:3:{},{garden}:1:", live.tail().0)));
    // One that is not of ours is as none: the client says hello.
    let mut other = ann.stream(Some("42")).await;
    ann.hello(vec![]).await;
    assert!(matches!(other.next().await, ServerFrame::Welcome { .. }));
    // A cursor from another history, and one too far behind.
    let mut changed = ann.stream(Some("lobby:2:00000000")).await;
    let gap = changed.until(|frame| match frame {
        ServerFrame::Gap { reason, after, head, .. } => Some((*reason, *after, *head)),
        _ => None,
    });
    assert_eq!(gap.await, (GapReason::HistoryChanged, 2, 3));
    server.stop().await;
}

#[tokio::test]
async fn a_name_stands_for_one_connection_and_the_newest_takes_it() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("tab"));
    // A stream in the place of a stream.
    let mut first = ann.stream(None).await;
    ann.hello(vec![]).await;
    assert!(matches!(first.next().await, ServerFrame::Welcome { .. }));
    let mut second = ann.stream(None).await;
    assert_eq!(first.ended().await, None);
    ann.hello(vec![]).await;
    assert!(matches!(second.next().await, ServerFrame::Welcome { .. }));
    // Polls in the place of a stream, by another hello; and polls in the place of polls.
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
    assert_eq!(server.carried(), 1);
    // Another name, another session's same name, and none: all beside it.
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
    assert_eq!(server.carried(), 5);
    drop(streams);
    while server.carried() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    server.stop().await;
}

#[tokio::test]
async fn a_hello_that_comes_before_the_stream_is_not_lost() {
    let server = Server::start().await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("tab"));
    ann.hello(vec![lobby(None)]).await;
    let mut stream = ann.stream(None).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    // A client that says it again once the stream is there finds its way too.
    ann.hello(vec![]).await;
    stream.ended().await;
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    assert!(matches!(stream.next().await, ServerFrame::Welcome { .. }));
    assert_eq!(server.carried(), 1);
    server.stop().await;
}

#[tokio::test]
async fn a_poll_with_nothing_to_say_is_answered_after_a_heartbeat_and_polling_alone_keeps_alive() {
    let heartbeat = Duration::from_secs(1);
    let server = Server::start_with(Config { heartbeat, ..unlimited() }).await;
    let ann = Requests::new(server.address, &server.session("ann").await, Some("p"));
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    for _ in 0..4 {
        assert_eq!(ann.poll().await, []);
    }
    server.stop().await;
}

#[tokio::test]
async fn of_two_polls_the_newer_is_answered_and_after_the_end_there_is_none() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("p"));
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    let older = tokio::spawn({
        let ann = ann.clone();
        async move { ann.poll().await }
    });
    server.holds(1).await;
    let newer = tokio::spawn({
        let ann = ann.clone();
        async move { Poller::new(ann).next().await }
    });
    assert_eq!(older.await.unwrap(), []);
    ann.post(&[ClientFrame::Ping { at: 5 }]).await;
    assert!(matches!(newer.await.unwrap(), ServerFrame::Pong { at: 5, .. }));
    // Signing out ends it for good: the held poll hears it, the next has no session.
    let held = tokio::spawn({
        let ann = ann.clone();
        async move { Poller::new(ann).next().await }
    });
    server.holds(1).await;
    let request = http_client().delete(server.url("/api/session")).bearer_auth(&made.token);
    assert_eq!(request.send().await.unwrap().status(), 204);
    let bye = held.await.unwrap();
    assert!(matches!(bye, ServerFrame::Bye { code: 4501, reconnect: false, .. }), "{bye:?}");
    assert_eq!(ann.refused_poll().await.0, 401);
    server.nothing_carried().await;
    // Any other end is told once, too; then the name stands for nothing.
    let ann = Requests::new(server.address, &server.session("ann").await, Some("p"));
    ann.post(&[ClientFrame::Hello { protocol: 99, resume: vec![] }]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Bye { code: 4500, .. }]));
    assert_eq!(ann.refused_poll().await, (410, Some(refusal::NO_CONNECTION.into())));
    server.nothing_carried().await;
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_greet_or_falls_silent_is_let_go() {
    let server = Server::start_with(Config { hello_timeout: Duration::from_millis(300), ..unlimited() }).await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, None);
    let no_hello = CloseCode::NoHello.code();
    assert_eq!(ann.stream(None).await.ended().await, Some(no_hello));
    // A poll without a name begins a connection, which then waits for hello.
    assert!(matches!(Poller::new(ann.clone()).next().await, ServerFrame::Bye { code, .. } if code == no_hello));
    server.nothing_carried().await;
    server.stop().await;

    let heartbeat = Duration::from_millis(1_500);
    let server = Server::start_with(Config { heartbeat, ..unlimited() }).await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, None);
    // The stream's client says nothing more after hello: found within two heartbeats. Meanwhile it hears ours.
    let mut silent = ann.stream(None).await;
    ann.hello(vec![]).await;
    let mut heartbeats = 0;
    let bye = loop {
        let block = silent.block().await.unwrap();
        match block.data.as_deref().map(ServerFrame::decode) {
            _ if block.event.as_deref() == Some("heartbeat") => {
                assert_eq!(block.data.as_deref(), Some(r#"{"type":"heartbeat"}"#));
                heartbeats += 1;
            }
            Some(Ok(ServerFrame::Bye { code, .. })) => break code,
            _ => {}
        }
    };
    assert_eq!(bye, CloseCode::HeartbeatMissed.code());
    assert!((1..=3).contains(&heartbeats), "{heartbeats}");
    // One that posts nothing but its sign of life stays.
    let mut alive = ann.stream(None).await;
    ann.hello(vec![]).await;
    for _ in 0..9 {
        tokio::time::sleep(heartbeat / 3).await;
        ann.post(&[]).await;
    }
    ann.post(&[ClientFrame::Ping { at: 1 }]).await;
    alive.until(|frame| matches!(frame, ServerFrame::Pong { .. }).then_some(())).await;
    // Polls that nobody takes end as well.
    let poller = Requests::new(server.address, &made, Some("gone"));
    poller.hello(vec![]).await;
    drop(alive);
    server.nothing_carried().await;
    server.stop().await;
}

/// Polls, and does not wait for the answer.
async fn break_off(server: &Server, ann: &Requests) {
    tokio::select! {
        frames = ann.poll() => panic!("nothing to say: {frames:?}"),
        () = server.holds(1) => {}
    }
    server.holds(0).await;
}

#[tokio::test]
async fn a_client_that_is_gone_is_let_go_at_once() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("tab"));
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    stream.next().await;
    drop(stream);
    server.nothing_carried().await;
    // A poll that is broken off, and not followed by another.
    ann.hello(vec![]).await;
    assert!(matches!(ann.poll().await[..], [ServerFrame::Welcome { .. }]));
    break_off(&server, &ann).await;
    ann.post(&[]).await;
    break_off(&server, &ann).await;
    server.nothing_carried().await;
    // Connections that no request holds are bounded in number.
    for n in 0..100 {
        Requests::new(server.address, &made, Some(&format!("loose-{n}"))).hello(vec![]).await;
    }
    let begun = Instant::now();
    while server.carried() > 64 {
        assert!(begun.elapsed() < PATIENCE, "{}", server.carried());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let newest = Requests::new(server.address, &made, Some("loose-99"));
    assert!(matches!(newest.poll().await[..], [ServerFrame::Welcome { .. }]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_says_when_to_come_back_and_waits_for_nobody() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let ann = Requests::new(server.address, &made, Some("stream"));
    let mut stream = ann.stream(None).await;
    ann.hello(vec![]).await;
    stream.next().await;
    let poller = Requests::new(server.address, &made, Some("poll"));
    poller.hello(vec![]).await;
    assert!(matches!(poller.poll().await[..], [ServerFrame::Welcome { .. }]));
    let held = tokio::spawn(async move { Poller::new(poller).next().await });
    server.holds(1).await;
    let stopping = tokio::spawn(server.stop());
    let mut retry = None;
    let after = loop {
        let block = stream.block().await.unwrap();
        if let Some(Ok(ServerFrame::Bye { code: 4001, reconnect: true, after_ms, .. })) =
            block.data.as_deref().map(ServerFrame::decode)
        {
            break (after_ms, retry.or(block.retry));
        }
        retry = block.retry;
    };
    assert!(after.0.is_some());
    assert_eq!(after.0, after.1);
    assert_eq!(stream.block().await, None);
    let bye = held.await.unwrap();
    assert!(matches!(bye, ServerFrame::Bye { code: 4001, .. }), "{bye:?}");
    tokio::time::timeout(PATIENCE, stopping).await.unwrap().unwrap();
}

/// A stream whose own buffers are as small as the system allows, and that is not read.
async fn narrow_stream(server: &Server, made: &SessionMade, name: &str) -> TcpStream {
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
async fn a_stream_that_is_not_read_gets_a_gap_and_slows_nobody() {
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
    // Its POSTs are answered all the time.
    slow.post(&[ClientFrame::Ping { at: 1 }]).await;
    // Read on, it has events without a hole, then the gap.
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
    server.nothing_carried().await;
    server.stop().await;
}

/// The body of a chunked answer, as far as it has come.
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
async fn a_stream_that_takes_nothing_does_not_hold_its_place() {
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
    // The writer reads on, which answers its heartbeats.
    tokio::spawn(async move { while writer.socket.next().await.is_some_and(|next| next.is_ok()) {} });
    // Silent for two heartbeats, they are given up; two seconds later, cut. All places but the writer's are free then.
    server.nothing_carried().await;
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
