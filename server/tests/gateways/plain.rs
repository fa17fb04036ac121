//! The text and JSON gateways.

use std::sync::Arc;

use parlor_protocol::{
    ClientFrame, CommandId, PresenceState, RoomId, ServerFrame, error_code,
    http::{CreatedRoom, EventPage},
};
use serde_json::json;
use tokio::sync::Barrier;
use uuid::Uuid;

use super::{MESSAGES, Plain, ROUND, same_order};
use crate::support::{FrameReader, Server, body, join, session, unlimited};

#[tokio::test]
async fn messages_are_exchanged_in_both_directions() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let mut ann = Plain::to(&server, "/gateway/text?room=lobby&name=ann").await;
    let entered = ann.json().await;
    assert_eq!((&entered["type"], &entered["msg"]), (&json!(0), &json!("ann came in")));
    let time = entered["time"].as_str().unwrap();
    assert!(time.len() == 24 && time.ends_with('Z') && time.starts_with("20"), "{time}");
    let state = bob.until(|frame| match frame {
        ServerFrame::Presence { user, state, .. } if user.name == "ann" => Some(*state),
        _ => None,
    });
    assert_eq!(state.await, PresenceState::Online);
    ann.say("hello\nthere \n").await;
    let event = bob.event().await;
    assert_eq!((event.by.name.as_str(), body(&event)), ("ann", "hello\nthere"));
    let own = ann.json().await;
    assert_eq!((&own["type"], &own["msg"]), (&json!(2), &json!("ann: hello\nthere")), "the sender included");
    bob.send("hi ann").await;
    assert_eq!(ann.message().await, "bob: hi ann");
    bob.say(&ClientFrame::Leave { room: RoomId::lobby() }).await;
    let left = ann.until(|json| json["type"] == 1).await;
    assert_eq!(left["msg"], "bob left");
    server.stop().await;
}

#[tokio::test]
async fn text_clients_receive_plain_lines_from_now_on() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    bob.send("before").await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann&format=text").await;
    assert_eq!(ann.line().await, "ann came in");
    bob.send("after").await;
    assert_eq!(ann.line().await, "bob: after");
    ann.say("  ").await;
    assert!(ann.line().await.starts_with("error: "), "a hint");
    ann.say("still here").await;
    assert_eq!(ann.line().await, "ann: still here");
    server.stop().await;
}

#[tokio::test]
async fn edits_and_reactions_are_told_as_text() {
    let server = Server::start().await;
    let (mut ann, room) = (server.client("ann").await, RoomId::lobby());
    let mut text = Plain::to(&server, "/gateway/text?name=tess&format=text").await;
    assert_eq!(text.line().await, "tess came in");
    let (message, _) = ann.say_in(&room, "teh text").await;
    assert_eq!(text.line().await, "ann: teh text");
    let new_id = || CommandId(Uuid::now_v7());
    let edit = ClientFrame::Edit { id: new_id(), room: room.clone(), message, body: "the text".into() };
    ann.decided(edit).await.unwrap();
    assert_eq!(text.line().await, "ann: (edited) the text");
    for on in [true, false] {
        let emoji = "👍".to_owned();
        let react = ClientFrame::React { id: new_id(), room: room.clone(), message, emoji, on };
        ann.decided(react).await.unwrap();
    }
    assert_eq!(text.line().await, "ann: (reacted with 👍)");
    ann.say_in(&room, "next").await;
    assert_eq!(text.line().await, "ann: next", "a reaction that is taken back is not told");
    server.stop().await;
}

#[tokio::test]
async fn a_terminal_receives_no_control_characters() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann&format=text").await;
    assert_eq!(ann.line().await, "ann came in");
    bob.post("x\x1b[2K\x1b[1Gann: pay bob").await;
    assert_eq!(bob.refusal().await, error_code::BAD_CHARACTERS);
    bob.send("hi\rann: pay bob\r\nthen\n").await;
    assert_eq!(ann.line().await, "bob: hi\n  ann: pay bob\n  then");
    ann.say("a\x1b[2J\r\u{9b}b").await;
    let refused = ann.line().await;
    assert!(refused.ends_with("(bad_characters) “a [2J  b”"), "{refused:?}");
    ann.say("from a terminal\r\n").await;
    while body(&bob.event().await) != "from a terminal" {}
    server.stop().await;
}

#[tokio::test]
async fn malformed_messages_are_refused_and_the_connection_stays_open() {
    let server = Server::start().await;
    let mut ann = Plain::to(&server, "/gateway/json?name=ann").await;
    for (text, code) in [
        (r#"{"nickname":"ann","message":"  "}"#, "empty"),
        ("hello", "bad_frame"),
        (r#"{"nickname":"ann"}"#, "bad_frame"),
        (r#"{"nickname":"ann","message":["x"]}"#, "bad_frame"),
        (r#"["ann","x"]"#, "bad_frame"),
        (r#"{"nickname":"bea","message":"x"}"#, "forbidden"),
    ] {
        ann.say(text).await;
        assert_eq!(ann.error().await, code, "{text}");
    }
    ann.say_as("ANN", "x".repeat(8_001).as_str()).await;
    let refused = ann.json().await;
    assert_eq!((&refused["error"], &refused["text"]), (&json!("too_long"), &json!("x".repeat(40) + "…")));
    ann.say_as("ann", "fine").await;
    let own = ann.json().await;
    assert_eq!(own["message"], "fine", "{own}");
    server.stop().await;
}

#[tokio::test]
async fn first_nickname_becomes_the_display_name() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let mut ann = Plain::to(&server, "/gateway/json?room=lobby").await;
    bob.until(|frame| matches!(frame, ServerFrame::Presence { .. }).then_some(())).await;
    bob.send("before you spoke").await;
    let heard = ann.json().await;
    let expected = json!({ "status": 1, "nickname": "bob", "message": "before you spoke", "time": heard["time"] });
    assert_eq!(heard, expected);
    // A refused name changes nothing.
    ann.say_as("bob", "I am bob").await;
    assert_eq!(ann.error().await, "name_taken");
    ann.say_as("ann", "hello").await;
    let event = bob.until(|frame| match frame {
        ServerFrame::Event(event) if event.by.name != "bob" => Some(event.clone()),
        _ => None,
    });
    let event = event.await;
    assert_eq!((event.by.name.as_str(), body(&event)), ("ann", "hello"));
    let own = ann.until(|json| json["status"] == 1).await;
    assert_eq!((&own["nickname"], &own["message"]), (&json!("ann"), &json!("hello")));
    bob.say(&ClientFrame::Leave { room: RoomId::lobby() }).await;
    let left = ann.until(|json| json["status"] == 0 && json["nickname"] == "bob").await;
    assert!(left["time"].is_string());
    server.stop().await;
}

#[tokio::test]
async fn existing_sessions_keep_their_name() {
    let server = Server::start().await;
    let carol = server.account("Carol").await;
    let bearer = format!("Bearer {}", carol.token);
    let cookie = format!("parlor_session={}", carol.token);
    for header in [("authorization", bearer.as_str()), ("cookie", cookie.as_str())] {
        let mut client = Plain::with(&server, "/gateway/json?name=other", &[header]).await.unwrap();
        client.say_as("somebody", "hi").await;
        let own = client.json().await;
        assert_eq!((&own["nickname"], &own["message"]), (&json!("Carol"), &json!("hi")));
    }
    assert_eq!(server.who(&carol.token).await, 200, "the session was theirs before, and stays");
    let refused = Plain::with(&server, "/gateway/text", &[("authorization", "Bearer nothing")]).await.err();
    assert_eq!(refused, Some((401, "unauthorized".into())));
    server.stop().await;
}

#[tokio::test]
async fn guests_without_a_name_are_numbered() {
    let server = Server::start().await;
    let mut one = Plain::to(&server, "/gateway/text?format=text").await;
    let mut two = Plain::to(&server, "/gateway/text?format=text").await;
    let (one, two) = (one.line().await, two.line().await);
    assert_ne!(one, two);
    for line in [one, two] {
        let name = line.strip_suffix(" came in").unwrap();
        assert!(name.chars().last().is_some_and(char::is_numeric), "{name}");
    }
    server.stop().await;
}

#[tokio::test]
async fn every_arrival_is_announced_under_load() {
    let server = Server::start_with(unlimited()).await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann&format=text").await;
    assert_eq!(ann.line().await, "ann came in");
    let names: Vec<_> = (0..8).map(|n| format!("u{n}")).collect();
    let paths: Vec<_> = names.iter().map(|name| format!("/gateway/text?name={name}")).collect();
    let many = futures::future::join_all(paths.iter().map(|path| Plain::to(&server, path))).await;
    let mut told = Vec::new();
    while told.len() < names.len() {
        told.push(ann.line().await);
    }
    told.sort();
    assert_eq!(told, names.iter().map(|name| format!("{name} came in")).collect::<Vec<_>>());
    drop(many);
    // A second line cannot impersonate another user.
    let mut spoof = Plain::to(&server, "/gateway/text?name=spoof").await;
    spoof.say("one\nann: two").await;
    loop {
        let line = ann.line().await;
        if line.starts_with("spoof: ") {
            assert_eq!(line, "spoof: one\n  ann: two");
            break;
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn private_messages_reach_only_the_recipient() {
    let server = Server::start().await;
    let mut bob = server.client("Bob B").await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann").await;
    let mut third = Plain::to(&server, "/gateway/json?name=third").await;
    let mut live_third = server.client("live third").await;
    ann.say("@bob b for you alone").await;
    let own = ann.until(|json| json["type"] == 2).await;
    assert_eq!((&own["msg"], &own["private"]), (&json!("(private) ann: for you alone"), &json!(true)));
    let room = bob.until(|frame| match frame {
        ServerFrame::Room { room } if room.head > 0 && room.people.iter().any(|user| user.name == "ann") => {
            Some(room.id.clone())
        }
        _ => None,
    });
    let room = room.await;
    bob.join(room.as_str(), Some(0)).await;
    assert_eq!(body(&bob.event().await), "for you alone");
    bob.say_in(&room, "and for you").await;
    assert_eq!(ann.message().await, "(private) Bob B: and for you");
    // With a colon after the name.
    ann.say("@Bob B: and a third time").await;
    assert_eq!(ann.message().await, "(private) ann: and a third time");
    // Direct messages from others arrive from the first one on.
    let mut cat = server.client("cat").await;
    let users = json!({ "users": [third_id(&mut live_third, "third").await] });
    let made: CreatedRoom = server.post("/api/direct", &cat.token, users).await.of();
    cat.say_in(&made.room.id, "psst").await;
    let private = third.until(|json| json["status"] == 1).await;
    assert_eq!((&private["message"], &private["private"]), (&json!("psst"), &json!(true)));
    // An unknown name: nothing is sent to the room.
    ann.say("@nobody a secret").await;
    let refused = ann.until(|json| json["error"].is_string()).await;
    assert_eq!((&refused["error"], &refused["text"]), (&json!("not_found"), &json!("@nobody a secret")));
    ann.say("@ann a secret").await;
    assert_eq!(ann.error().await, "bad_request");
    ann.say("@third").await;
    assert_eq!(ann.error().await, "empty");
    ann.say("aloud").await;
    let heard = third.until(|json| json["nickname"] == "ann").await;
    assert_eq!(heard["message"], "aloud", "the first and only thing that the third hears of ann");
    for frame in live_third.settle().await {
        let text = frame.encode();
        assert!(!text.contains("alone") && !text.contains("secret") && !text.contains("psst"), "{text}");
    }
    server.stop().await;
}

/// The id of a user, from the list of online users.
async fn third_id(listener: &mut crate::support::Client, name: &str) -> parlor_protocol::UserId {
    listener.say(&ClientFrame::Leave { room: RoomId::lobby() }).await;
    listener.say(&join(&RoomId::lobby(), None)).await;
    let found = listener.until(|frame| match frame {
        ServerFrame::Joined { online, .. } => online.iter().find(|user| user.name == name).map(|user| user.id),
        _ => None,
    });
    found.await
}

#[tokio::test]
async fn receivers_see_messages_in_log_order() {
    let server = Server::start().await;
    let watcher = server.session("watcher").await;
    let mut clients = Vec::new();
    for name in ["ann", "bea", "receiver"] {
        let mut client = Plain::to(&server, &format!("/gateway/text?name={name}")).await;
        client.json().await;
        clients.push((name, client));
    }
    let round = Arc::new(Barrier::new(clients.len()));
    let talking = clients.into_iter().map(|(name, mut client)| {
        let round = round.clone();
        tokio::spawn(async move {
            let mut heard = Vec::new();
            for from in (0..MESSAGES).step_by(ROUND) {
                for n in (from..from + ROUND).filter(|_| name != "receiver") {
                    client.say(n.to_string()).await;
                }
                while heard.len() < 2 * (from + ROUND) {
                    heard.push(client.message().await);
                }
                round.wait().await;
            }
            heard
        })
    });
    let talking: Vec<_> = talking.collect();
    let heard = same_order(talking, &["ann", "bea"]).await;
    let mut log = Vec::new();
    while log.len() < 2 * MESSAGES {
        let path = format!("/api/rooms/lobby/events?after={}", log.len());
        let page: EventPage = server.get(&watcher.token, &path).await.json().await.unwrap();
        log.extend(page.events.iter().map(|event| format!("{}: {}", event.by.name, body(event))));
    }
    assert!(log == heard, "and it is the log's");
    server.stop().await;
}

#[tokio::test]
async fn renaming_keeps_the_connection() {
    let server = Server::start().await;
    let carol = server.account("Carol").await;
    let bearer = format!("Bearer {}", carol.token);
    let mut client = Plain::with(&server, "/gateway/json", &[("authorization", &bearer)]).await.unwrap();
    client.say_as("", "one").await;
    assert_eq!(client.json().await["nickname"], "Carol");
    let change = server.ask(reqwest::Method::PATCH, "/api/me", &carol.token, json!({ "display_name": "Caro" })).await;
    assert_eq!(change.status, 200, "{change:?}");
    let mut bob = server.client("bob").await;
    bob.send("between").await;
    client.say_as("", "two").await;
    let between = client.until(|json| json["status"] == 1).await;
    assert_eq!(between["message"], "between", "nothing is missing");
    let own = client.until(|json| json["status"] == 1).await;
    assert_eq!((&own["nickname"], &own["message"]), (&json!("Caro"), &json!("two")));
    server.stop().await;
}

#[tokio::test]
async fn deleted_messages_are_not_sent() {
    let server = Server::start().await;
    let made = session(server.address, "bob").await;
    let mut bob = crate::support::Client::greet(server.address, &made).await;
    bob.join("lobby", None).await;
    let (id, _) = bob.say_in(&RoomId::lobby(), "oops").await;
    let mut ann = Plain::to(&server, "/gateway/text?name=ann&format=text").await;
    assert_eq!(ann.line().await, "ann came in");
    let delete = ClientFrame::Delete { id: CommandId(Uuid::now_v7()), room: RoomId::lobby(), message: id };
    bob.decided(delete).await.unwrap();
    bob.say_in(&RoomId::lobby(), "next").await;
    assert_eq!(ann.line().await, "bob: next");
    server.stop().await;
}
