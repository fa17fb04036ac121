//! Messages: order, acks, history and exactly-once delivery, also across a restart.

use crate::support::{self, Client, FrameReader, Server, assert_gap_free, body, join};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, EventKind, GapReason, RoomId, ServerFrame, Tail, UserKind, error_code,
    http::{EventPage, MessagePage, RoomList},
    limits,
};
use uuid::Uuid;

#[tokio::test]
async fn messages_are_delivered_to_everyone_in_the_room() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let mut bob = server.client("鲍勃 👋").await;
    let id = ann.post("hi **all**").await;
    let seen = bob.event().await;
    assert_eq!((seen.seq, seen.id, seen.by.name.as_str(), seen.by.kind), (1, id, "ann", UserKind::Guest));
    let EventKind::Message { id: message, body, html, .. } = &seen.event else { panic!("{seen:?}") };
    assert_eq!((*message, body.as_str()), (id, "hi **all**"));
    assert!(html.contains("<strong>all</strong>"), "{html}");
    // The sender receives both the ack and the event.
    let (mut acked, mut event) = (None, None);
    while acked.is_none() || event.is_none() {
        match ann.next().await {
            ServerFrame::Ack { id: of, seq, at, .. } => acked = Some((of, seq, at)),
            ServerFrame::Event(own) => event = Some(own),
            _ => {}
        }
    }
    assert_eq!(event.unwrap(), seen);
    assert_eq!(acked.unwrap(), (id, 1, seen.at));
    bob.post("你好，安").await;
    assert_eq!(ann.event().await, bob.event().await);
    server.stop().await;
}

#[tokio::test]
async fn concurrent_writers_produce_one_order() {
    let server = Server::start().await;
    let mut watcher = server.client("watcher").await;
    let mut writers = Vec::new();
    for n in 0..8 {
        let mut client = server.client(&format!("writer {n}")).await;
        writers.push(tokio::spawn(async move {
            for i in 0..50 {
                client.post(&format!("{n}/{i}")).await;
            }
            client.events_to(400).await
        }));
    }
    let seen = watcher.events_to(400).await;
    assert_eq!(seen[0].seq, 1);
    for writer in writers {
        // A writer may have joined after the first events, so it saw the end of the same order.
        let events = writer.await.unwrap();
        assert_eq!(events, seen[seen.len() - events.len()..]);
    }
    for n in 0..8 {
        let own: Vec<_> = seen.iter().map(body).filter(|body| body.starts_with(&format!("{n}/"))).collect();
        assert_eq!(own, (0..50).map(|i| format!("{n}/{i}")).collect::<Vec<_>>(), "each writer's own order");
    }
    server.stop().await;
}

#[tokio::test]
async fn repeated_command_ids_produce_one_event() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let mut ann = Client::in_lobby(server.address, &made).await;
    let id = CommandId(Uuid::now_v7());
    for _ in 0..50 {
        ann.post_as(id, "once").await;
    }
    let mut acks = Vec::new();
    for _ in 0..50 {
        acks.push(ann.acked(id).await);
    }
    let server = server.restart().await;
    let mut ann = Client::greet(server.address, &made).await;
    for _ in 0..50 {
        ann.post_as(id, "once").await;
    }
    for _ in 0..50 {
        acks.push(ann.acked(id).await);
    }
    acks.dedup();
    assert_eq!(acks.len(), 1, "{acks:?}");
    assert_eq!(server.history(&made.token, "").await.messages.len(), 1);

    // The id is refused with other content, in another room, and for another user.
    ann.post_as(id, "twice").await;
    assert_eq!(ann.refusal().await, error_code::ID_REUSED);
    let mut bob = server.greeted("bob").await;
    bob.post_as(id, "once").await;
    assert_eq!(bob.refusal().await, error_code::ID_REUSED);
    let room = server.new_room(&made.token, "Elsewhere").await.room.id;
    ann.say(&ClientFrame::Send { id, room, body: "once".into(), reply_to: None }).await;
    assert_eq!(ann.refusal().await, error_code::ID_REUSED);
    server.stop().await;
}

#[tokio::test]
async fn history_pages_are_contiguous_after_a_restart() {
    let server = Server::start().await;
    let made = server.session("ann").await;
    let mut ann = Client::greet(server.address, &made).await;
    for n in 1..=120 {
        ann.send(&format!("message {n}")).await;
    }
    let server = server.restart().await;
    let newest = server.history(&made.token, "").await;
    assert_eq!((newest.messages.len(), newest.head), (50, 120));
    assert_eq!((newest.messages[0].seq, newest.messages[49].seq), (71, 120));
    let older = server.history(&made.token, "?before=71&limit=70").await;
    assert_eq!(older.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), (1..=70).collect::<Vec<_>>());
    assert_eq!(older.messages[4].body, "message 5");
    let after = server.history(&made.token, "?after=118").await;
    assert_eq!(after.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [119, 120]);
    let around = server.history(&made.token, "?around=60&limit=10").await;
    assert_eq!(around.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), (55..=64).collect::<Vec<_>>());
    assert_eq!(server.history(&made.token, "?before=1").await.messages.len(), 0);
    assert_eq!(server.history(&made.token, "?limit=100000").await.messages.len(), 120);

    let events: EventPage = server.get(&made.token, "/api/rooms/lobby/events?after=100").await.json().await.unwrap();
    assert_eq!((events.events.len(), events.head, events.events[0].seq), (20, 120, 101));
    assert_gap_free(&events.events);
    for bad in ["?before=x", "?before=1&after=2", "?limit=-1"] {
        assert_eq!(server.get(&made.token, &format!("/api/rooms/lobby/messages{bad}")).await.status(), 400, "{bad}");
    }
    for path in ["/api/rooms/nowhere/messages", "/api/rooms/nowhere/events", "/api/nothing"] {
        let answer = server.get(&made.token, path).await;
        assert_eq!(answer.status(), 404);
        let error: parlor_protocol::http::ErrorResponse = answer.json().await.unwrap();
        assert_eq!(error.error.code, error_code::NOT_FOUND);
    }
    server.stop().await;
}

#[tokio::test]
async fn clients_resume_without_gaps_or_duplicates() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let made = server.session("ann").await;
    let mut ids = Vec::new();
    for n in 1..=400 {
        let id = bob.post(&format!("{n}")).await;
        bob.acked(id).await;
        ids.push(id);
    }
    // From before the events in memory, while new ones arrive.
    let resume = |after: u64, tail: Option<Tail>| vec![Cursor { room: RoomId::lobby(), after: Some(after), tail }];
    let mut ann = Client::connect(server.address, &made).await;
    ann.hello(resume(10, Some(ids[9].tail()))).await;
    for n in 401..=450 {
        bob.post(&format!("{n}")).await;
    }
    let events = ann.events_to(450).await;
    assert_eq!((events[0].seq, events.len()), (11, 440));
    assert!(events.iter().all(|event| body(event) == event.seq.to_string()));
    // From the events in memory, from the start, and from the newest.
    for after in [440, 0, 450] {
        let mut again = Client::connect(server.address, &made).await;
        again.hello(resume(after, None)).await;
        let missed = if after < 450 { again.events_to(450).await.len() } else { 0 };
        assert_eq!(missed, usize::try_from(450 - after).unwrap());
        again.say(&ClientFrame::Ping { at: 7 }).await;
        let next = again.until(|frame| (!matches!(frame, ServerFrame::Joined { .. })).then(|| frame.clone())).await;
        assert!(matches!(next, ServerFrame::Pong { at: 7, .. }), "nothing twice: {next:?}");
    }
    // Joining again replays again, without live events in between.
    let mut again = Client::connect(server.address, &made).await;
    again.hello(resume(450, None)).await;
    for n in 451..=470 {
        bob.post(&format!("{n}")).await;
        if n == 455 {
            again.say(&ClientFrame::Join(resume(5, None).remove(0))).await;
        }
    }
    again.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    again.until(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await;
    assert_eq!(again.events_to(470).await[0].seq, 6);
    server.stop().await;
}

#[tokio::test]
async fn cursors_from_another_history_get_a_gap() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    for n in 1..=3 {
        bob.send(&format!("{n}")).await;
    }
    let mut ann = server.greeted("ann").await;
    for (after, tail) in [(2, Some("00000000")), (99, None), (99, Some("9f3c01ab")), (2, Some("not hex"))] {
        let tail = tail.map(|tail| Tail(tail.into()));
        ann.say(&ClientFrame::Join(Cursor { room: RoomId::lobby(), after: Some(after), tail })).await;
        let frame = ann.next().await;
        let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::HistoryChanged, after, head: 3 };
        assert_eq!(frame, gap);
    }
    // Not joined: events arrive only after joining at the new head.
    bob.send("4").await;
    assert_eq!(ann.join("lobby", Some(4)).await, 4);
    bob.send("5").await;
    assert_eq!(ann.event().await.seq, 5);
    server.stop().await;
}

#[tokio::test]
async fn cursors_too_far_behind_get_a_gap() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let head = limits::MAX_REPLAY_EVENTS + 1;
    for n in 1..=head {
        bob.post(&format!("{n}")).await;
    }
    bob.events_to(head).await;
    let mut ann = server.greeted("ann").await;
    ann.say(&join(&RoomId::lobby(), Some(0))).await;
    let gap = ServerFrame::Gap { room: RoomId::lobby(), reason: GapReason::TooFar, after: 0, head };
    assert_eq!(ann.next().await, gap);
    assert_eq!(ann.join("lobby", Some(1)).await, head);
    assert_eq!(ann.events_to(head).await.len(), 1_000);
    server.stop().await;
}

#[tokio::test]
async fn rooms_are_created_listed_joined_and_counted() {
    let server = Server::start().await;
    let mut ann = server.greeted("ann").await;
    let mut bob = server.greeted("bob").await;
    let room = server.new_room(&ann.token, " Tea  and 茶 ").await.room;
    assert_eq!((room.name.as_str(), room.head, room.joined), ("Tea and 茶", 0, true));
    let shown = |frame: &ServerFrame| match frame {
        ServerFrame::Room { room } => Some(room.clone()),
        _ => None,
    };
    assert!(ann.until(shown).await.joined, "new, and mine");
    assert!(!bob.until(shown).await.joined, "new, and not mine yet");
    let list: RoomList = server.get(&bob.token, "/api/rooms").await.json().await.unwrap();
    assert_eq!(
        list.rooms.iter().map(|r| (r.name.as_str(), r.joined)).collect::<Vec<_>>(),
        [("Lobby", true), ("Tea and 茶", false)]
    );
    // Duplicate names in another case, and invalid names.
    let post = |name: String| {
        let body = serde_json::json!({ "name": name });
        support::http_client().post(server.url("/api/rooms")).bearer_auth(&ann.token).json(&body).send()
    };
    assert_eq!(post("tea AND 茶".into()).await.unwrap().status(), 409);
    assert_eq!(post("  ".into()).await.unwrap().status(), 422);
    assert_eq!(post("x".repeat(limits::MAX_ROOM_NAME_CHARS + 1)).await.unwrap().status(), 422);
    // Sending joins the room. Members who have not opened it are told of its new head.
    bob.say_in(&room.id, "first").await;
    let grown = ann.until(|frame| shown(frame).filter(|room| room.head == 1)).await;
    assert_eq!((grown.unread, grown.read), (1, 0));
    // Reading on one device counts for the other.
    let mut phone = Client::greet(server.address, &ann.session()).await;
    phone.say(&ClientFrame::Read { room: room.id.clone(), seq: 99 }).await;
    let read = ann.until(|frame| shown(frame).filter(|room| room.read == 1)).await;
    assert_eq!((read.head, read.unread), (1, 0));
    phone.say(&ClientFrame::Read { room: room.id.clone(), seq: 0 }).await;
    phone.settle().await;
    let server = server.restart().await;
    let list: RoomList = server.get(&ann.token, "/api/rooms").await.json().await.unwrap();
    assert_eq!((list.rooms[1].read, list.rooms[1].unread), (1, 0), "never back, and kept");
    server.stop().await;
}

#[tokio::test]
async fn replies_must_target_the_same_room() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let first = ann.post("question").await;
    ann.acked(first).await;
    let reply = |room: RoomId, to: CommandId| ClientFrame::Send {
        id: CommandId(Uuid::now_v7()),
        room,
        body: "answer".into(),
        reply_to: Some(to),
    };
    ann.say(&reply(RoomId::lobby(), first)).await;
    let event = ann.until(|frame| match frame {
        ServerFrame::Event(event) if event.seq == 2 => Some(event.event.clone()),
        _ => None,
    });
    assert!(matches!(event.await, EventKind::Message { reply_to: Some(to), .. } if to == first));
    assert_eq!(server.history(&ann.token, "").await.messages[1].reply_to, Some(first));
    ann.say(&reply(RoomId::lobby(), CommandId(Uuid::now_v7()))).await;
    assert_eq!(ann.refusal().await, error_code::NOT_FOUND);
    let other = server.new_room(&ann.token, "other").await.room.id;
    ann.say(&reply(other, first)).await;
    assert_eq!(ann.refusal().await, error_code::NOT_FOUND);
    server.stop().await;
}

#[tokio::test]
async fn guests_without_a_name_are_numbered() {
    let server = Server::start().await;
    let one = server.session("").await.user.name;
    let two = server.session("  ").await.user.name;
    assert_eq!((one.as_str(), two.as_str()), ("Guest 1", "Guest 2"));
    let bare = support::http_client().post(server.url("/api/session")).send().await.unwrap();
    assert_eq!(bare.status(), 200, "no body at all");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn history_page_and_head_are_consistent() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let first = ann.post("first").await;
    ann.acked(first).await;
    let token = ann.token.clone();
    let (stop, mut stopped) = tokio::sync::watch::channel(false);
    let writing = tokio::spawn(async move {
        while !*stopped.borrow_and_update() {
            let id = ann.post("more").await;
            ann.acked(id).await;
        }
    });
    let url = |path: &str| server.url(&format!("/api/rooms/lobby/{path}"));
    let (messages, events) = (url("messages?limit=5"), url("events?after=0"));
    let mut readers = Vec::new();
    for _ in 0..4 {
        let (http, token, messages, events) = (support::http_client(), token.clone(), messages.clone(), events.clone());
        readers.push(tokio::spawn(async move {
            for _ in 0..150 {
                let page: MessagePage =
                    http.get(&messages).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
                // A client that continues from the head must have everything before it.
                assert_eq!(page.messages.last().map(|message| message.seq), Some(page.head));
                let page: EventPage = http.get(&events).bearer_auth(&token).send().await.unwrap().json().await.unwrap();
                assert!(page.events.len() == 500 || page.events.last().map(|event| event.seq) == Some(page.head));
            }
        }));
    }
    for reader in readers {
        reader.await.unwrap();
    }
    stop.send_replace(true);
    writing.await.unwrap();
    server.stop().await;
}
