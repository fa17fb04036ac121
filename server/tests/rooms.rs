//! Rooms: membership, visibility and settings.

use std::time::Duration;

use crate::support::{Client, FrameReader, Server, body, join, message_to};
use parlor_protocol::{
    ClientFrame, Cursor, EventKind, RoomId, RoomKind, RoomSummary, ServerFrame,
    http::{CreatedSession, MemberList, MessagePage, RoomList},
};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

async fn call(server: &Server, who: &CreatedSession, method: Method, path: &str, body: Value) -> u16 {
    server.ask(method, path, &who.token, body).await.status
}

async fn rooms_of(server: &Server, who: &CreatedSession) -> Vec<RoomSummary> {
    server.get(&who.token, "/api/rooms").await.json::<RoomList>().await.unwrap().rooms
}

#[tokio::test]
async fn removed_members_receive_no_further_events() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let room = server.room(&ann, "Attic", "private").await;
    server.add(&ann, &room, &bob.user).await;
    let (mut ann_live, mut bob_live) =
        (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    ann_live.join(room.as_str(), Some(0)).await;
    bob_live.join(room.as_str(), Some(0)).await;
    let seq = ann_live.say_in(&room, "for both").await.1;
    assert_eq!(seq, 2, "the invitation is an event");
    assert_eq!(body(bob_live.events_to(2).await.last().unwrap()), "for both");

    server.remove(&ann, &room, &bob.user).await;
    ann_live.say_in(&room, "for ann alone").await;
    let frames = bob_live.settle().await;
    let gone = |frame: &ServerFrame| matches!(frame, ServerFrame::Room { room: told } if told.id == room && told.gone);
    assert!(frames.iter().any(gone), "{frames:?}");
    let rest: Vec<_> = frames.iter().filter(|frame| !gone(frame)).collect();
    assert!(rest.is_empty(), "{rest:?}");
    // Nothing else reveals the room either.
    let cursor = Cursor { room: room.clone(), after: Some(2), tail: None };
    bob_live.say(&ClientFrame::Join(cursor.clone())).await;
    assert_eq!(bob_live.refusal().await, "not_found");
    bob_live.say(&message_to(&room, "let me in")).await;
    assert_eq!(bob_live.refusal().await, "not_found");
    bob_live.say(&ClientFrame::Leave { room: room.clone() }).await;
    bob_live.say(&ClientFrame::Typing { room: room.clone() }).await;
    assert!(bob_live.settle().await.is_empty());
    let mut again = Client::connect(server.address, &bob).await;
    let welcome = again.hello(vec![cursor]).await;
    assert!(matches!(welcome, ServerFrame::Welcome { rooms, .. } if rooms.len() == 1), "the lobby alone");
    assert_eq!(again.refusal().await, "not_found");
    for path in ["messages", "events", "members"] {
        assert_eq!(server.get(&bob.token, &format!("/api/rooms/{room}/{path}")).await.status(), 404);
    }
    assert_eq!(server.get(&bob.token, &format!("/r/{room}")).await.status(), 404);
    // Added again, he can resume and receives the whole log.
    server.add(&ann, &room, &bob.user).await;
    bob_live.join(room.as_str(), Some(2)).await;
    let events = bob_live.events_to(5).await;
    assert!(matches!(&events[0].event, EventKind::MemberRemoved { user } if *user == bob.user));
    assert_eq!(body(&events[1]), "for ann alone");
    assert!(matches!(&events[2].event, EventKind::MemberAdded { user } if *user == bob.user));
    assert_eq!(bob_live.say_in(&room, "thanks").await.1, 6);
    server.stop().await;
}

#[tokio::test]
async fn removal_and_message_follow_commit_order() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let room = server.room(&ann, "Attic", "private").await;
    let mut bob_live = Client::greet(server.address, &bob).await;
    let (mut kept, mut refused) = (0, 0);
    for round in 0..30 {
        server.add(&ann, &room, &bob.user).await;
        let removing = async {
            tokio::time::sleep(Duration::from_micros(round * 150)).await;
            server.remove(&ann, &room, &bob.user).await;
        };
        let sending = async {
            for n in 0..40 {
                bob_live.say(&message_to(&room, &format!("{round} {n}"))).await;
            }
            let mut answers = 0;
            while answers < 40 {
                match bob_live.next().await {
                    ServerFrame::Ack { .. } => (answers, kept) = (answers + 1, kept + 1),
                    ServerFrame::Refused { code, .. } => {
                        assert_eq!(code, "not_found");
                        (answers, refused) = (answers + 1, refused + 1);
                    }
                    _ => {}
                }
            }
        };
        tokio::join!(removing, sending);
    }
    let mut inside = false;
    let mut written = 0;
    for event in server.log(&ann, &room).await {
        match event.event {
            EventKind::MemberAdded { .. } => inside = true,
            EventKind::MemberRemoved { .. } => inside = false,
            EventKind::Message { .. } => {
                assert!(inside, "{event:?} was stored after its author had been sent away");
                written += 1;
            }
            _ => {}
        }
    }
    assert!(written <= kept && kept + refused == 30 * 40, "{written} {kept} {refused}");
    assert!(refused > 0, "no removal came before a message: nothing was raced");
    server.stop().await;
}

#[tokio::test]
async fn private_rooms_are_hidden_from_non_members() {
    let server = Server::start().await;
    let (ann, bob, eve) = (server.session("ann").await, server.session("bob").await, server.session("eve").await);
    let mut eve_live = Client::greet(server.address, &eve).await;
    eve_live.join("lobby", None).await;
    eve_live.settle().await;

    let attic = server.room(&ann, "Attic", "private").await;
    let summary = server.listed(&ann, &attic).await;
    assert_eq!((summary.kind, summary.moderator), (RoomKind::Private, true));
    server.add(&ann, &attic, &bob.user).await;
    let two = server.direct(&ann, &[&bob]).await;
    let (mut ann_live, mut bob_live) =
        (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    for room in [&attic, &two] {
        ann_live.join(room.as_str(), Some(0)).await;
        bob_live.join(room.as_str(), Some(0)).await;
        ann_live.say_in(room, "between us").await;
        bob_live.say(&ClientFrame::Typing { room: room.clone() }).await;
    }
    let path = format!("/api/rooms/{}", attic);
    assert_eq!(call(&server, &ann, Method::PATCH, &path, json!({ "name": "Cellar", "topic": "secret" })).await, 204);
    bob_live.settle().await;
    // Wait for updates that are sent once per second.
    tokio::time::sleep(Duration::from_millis(2_200)).await;

    // Except presence in the lobby.
    let mut frames = eve_live.settle().await;
    frames.retain(|frame| !matches!(frame, ServerFrame::Presence { room, .. } if *room == RoomId::lobby()));
    assert!(frames.is_empty(), "{frames:?}");
    assert_eq!(rooms_of(&server, &eve).await.len(), 1);
    // Names of hidden rooms are available, both old and new.
    for name in ["Attic", "Cellar"] {
        let room = server.room(&eve, name, "public").await;
        assert_eq!(server.listed(&eve, &room).await.name, name);
    }
    // Hidden and nonexistent rooms cannot be distinguished.
    let none = RoomId::from("abcdefghij");
    for (method, path, sent) in [
        (Method::GET, "", json!({})),
        (Method::GET, "/messages", json!({})),
        (Method::GET, "/events", json!({})),
        (Method::GET, "/members", json!({})),
        (Method::POST, "/members", json!({ "user": eve.user.id })),
        (Method::POST, "/members", json!({ "user": bob.user.id })),
        (Method::DELETE, &format!("/members/{}", bob.user.id), json!({})),
        (Method::DELETE, &format!("/members/{}", eve.user.id), json!({})),
        (Method::PATCH, &format!("/members/{}", bob.user.id), json!({ "moderator": true })),
        (Method::PATCH, "", json!({ "name": "Mine" })),
        (Method::PATCH, "", json!({})),
    ] {
        let mut answers = Vec::new();
        for room in [&none, &attic, &two] {
            let path = format!("/api/rooms/{room}{path}");
            let answer = server.ask(method.clone(), &path, &eve.token, sent.clone()).await;
            answers.push((answer.status, answer.text.replace(room.as_str(), "")));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{method} {path}: {answers:?}");
    }
    let mut pages = Vec::new();
    for room in [&none, &attic, &two] {
        let answer = server.get(&eve.token, &format!("/r/{room}")).await;
        assert_eq!(answer.status(), 404);
        let text = answer.text().await.unwrap();
        for word in ["between us", "secret", "\"bob\"", ">bob<"] {
            assert!(!text.contains(word), "{word} in {text}");
        }
        pages.push(text.len());
    }
    assert!(pages.iter().all(|length| *length == pages[0]), "{pages:?}");
    for room in [&none, &attic, &two] {
        for frame in [message_to(room, "hello?"), join(room, Some(1)), ClientFrame::Read { room: room.clone(), seq: 1 }]
        {
            eve_live.say(&frame).await;
            assert_eq!(eve_live.refusal().await, "not_found");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn direct_rooms_are_reused_and_named_after_the_others() {
    let server = Server::start().await;
    let (ann, bob, cem) = (server.session("ann").await, server.session("bob").await, server.session("cem").await);
    let mut bob_live = Client::greet(server.address, &bob).await;
    let first = server.direct(&ann, &[&bob]).await;
    let summary = server.listed(&ann, &first).await;
    assert_eq!(
        (summary.kind, summary.name.as_str(), summary.people),
        (RoomKind::Direct, "bob", vec![bob.user.clone()])
    );
    assert_eq!(server.direct(&bob, &[&ann]).await, first);
    assert_eq!(server.direct(&ann, &[&bob, &bob, &ann]).await, first);
    let three = server.direct(&ann, &[&bob, &cem]).await;
    assert_eq!((server.listed(&ann, &three).await.name.as_str(), three == first), ("bob, cem", false));

    // It appears for the others with the first message.
    assert_eq!(rooms_of(&server, &cem).await.len(), 1);
    assert_eq!(rooms_of(&server, &ann).await.len(), 3);
    assert!(bob_live.settle().await.is_empty(), "bob heard of a room where nothing was said");
    let mut ann_live = Client::greet(server.address, &ann).await;
    ann_live.say_in(&three, "just us three").await;
    let told = bob_live
        .until(|frame| match frame {
            ServerFrame::Room { room } => Some(room.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.id, told.name.as_str(), told.unread), (three.clone(), "ann, cem", 1));
    assert_eq!(rooms_of(&server, &cem).await[1].name, "ann, bob");

    let nobody = json!({ "users": [Uuid::now_v7()] });
    assert_eq!(call(&server, &ann, Method::POST, "/api/direct", nobody).await, 404);
    for users in [json!([]), json!([ann.user.id])] {
        assert_eq!(call(&server, &ann, Method::POST, "/api/direct", json!({ "users": users })).await, 400);
    }
    let server = server.restart().await;
    assert_eq!(server.direct(&cem, &[&bob, &ann]).await, three);
    assert_eq!(rooms_of(&server, &cem).await[1].name, "ann, bob");
    server.stop().await;
}

#[tokio::test]
async fn membership_events_appear_once_in_history_pages() {
    let server = Server::start().await;
    let ann = server.session("ann").await;
    let room = server.room(&ann, "Kitchen", "public").await;
    let mut live = Client::greet(server.address, &ann).await;
    live.join(room.as_str(), None).await;
    let path = format!("/api/rooms/{room}");
    // Seqs 1 to 8: topic, message, topic, message, message, topic, message, topic.
    let mut seq = 0;
    for what in ["topic", "say", "topic", "say", "say", "topic", "say", "topic"] {
        seq += 1;
        if what == "say" {
            live.say_in(&room, "hi").await;
        } else {
            let topic = json!({ "topic": seq.to_string() });
            assert_eq!(call(&server, &ann, Method::PATCH, &path, topic).await, 204);
        }
    }
    let page = async |query: &str| {
        let page = server.get(&ann.token, &format!("{path}/messages?{query}")).await;
        let page = page.json::<MessagePage>().await.unwrap();
        let notices: Vec<_> = page.notices.iter().map(|event| event.seq).collect();
        let topics = page.notices.iter().map(|event| EventKind::TopicSet { topic: event.seq.to_string() });
        assert!(topics.eq(page.notices.iter().map(|event| event.event.clone())));
        (page.messages.iter().map(|message| message.seq).collect::<Vec<_>>(), notices)
    };
    assert_eq!(page("").await, (vec![2, 4, 5, 7], vec![1, 3, 6, 8]), "the whole room");
    assert_eq!(page("limit=2").await, (vec![5, 7], vec![6, 8]));
    assert_eq!(page("limit=2&before=5").await, (vec![2, 4], vec![3]));
    assert_eq!(page("limit=2&before=2").await, (vec![], vec![1]), "before the first message");
    assert_eq!(page("limit=2&after=1").await, (vec![2, 4], vec![3]));
    assert_eq!(page("limit=2&after=4").await, (vec![5, 7], vec![6]));
    assert_eq!(page("limit=2&after=6").await, (vec![7], vec![8]), "to the end");
    assert_eq!(page("limit=2&around=5").await, (vec![4, 5], vec![]));
    assert_eq!(page("limit=8&around=5").await, (vec![2, 4, 5, 7], vec![1, 3, 6, 8]));
    server.stop().await;
}

#[tokio::test]
async fn room_changes_are_announced_and_persist() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let room = server.room(&ann, "Kitchen", "public").await;
    let (mut ann_live, mut bob_live) =
        (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    ann_live.join(room.as_str(), Some(0)).await;
    let path = format!("/api/rooms/{room}");
    let change = json!({ "name": " Old  kitchen ", "topic": "Dinner" });
    assert_eq!(call(&server, &ann, Method::PATCH, &path, change).await, 204);
    let events = ann_live.events_to(2).await;
    assert_eq!(events[0].event, EventKind::Renamed { name: "Old kitchen".into() });
    assert_eq!(events[1].event, EventKind::TopicSet { topic: "Dinner".into() });
    // Non-members who can see it are told as well.
    let told = bob_live
        .until(|frame| match frame {
            ServerFrame::Room { room } if room.topic.is_some() => Some(room.clone()),
            _ => None,
        })
        .await;
    assert_eq!((told.name.as_str(), told.topic.as_deref(), told.joined), ("Old kitchen", Some("Dinner"), false));

    assert_eq!(call(&server, &bob, Method::PATCH, &path, json!({ "archived": true })).await, 403);
    assert_eq!(call(&server, &ann, Method::PATCH, &path, json!({ "archived": true })).await, 204);
    ann_live.say(&message_to(&room, "one more")).await;
    assert_eq!(ann_live.refusal().await, "forbidden");
    assert_eq!(server.get(&bob.token, &format!("{path}/messages")).await.status(), 200, "it can be read");
    // Changes are atomic, and unchanged values create no event.
    server.room(&bob, "Garden", "public").await;
    let change = json!({ "topic": "Weeds", "name": "GARDEN" });
    assert_eq!(call(&server, &ann, Method::PATCH, &path, change).await, 409);
    let same = json!({ "topic": "Dinner", "name": "Old kitchen", "archived": true });
    assert_eq!(call(&server, &ann, Method::PATCH, &path, same).await, 204);
    for bad in [json!({ "name": "" }), json!({ "name": "x".repeat(500) }), json!({ "topic": "a\u{202e}b" })] {
        assert_eq!(call(&server, &ann, Method::PATCH, &path, bad).await, 422);
    }

    let server = server.restart().await;
    let kinds: Vec<_> = server.log(&ann, &room).await.into_iter().map(|event| event.event).collect();
    assert_eq!(kinds.len(), 3);
    assert_eq!(kinds[2], EventKind::Archived { on: true });
    let now = server.listed(&ann, &room).await;
    assert_eq!((now.name.as_str(), now.archived, now.moderator), ("Old kitchen", true, true));
    let mut ann_live = Client::greet(server.address, &ann).await;
    ann_live.say(&message_to(&room, "still closed?")).await;
    assert_eq!(ann_live.refusal().await, "forbidden");
    assert_eq!(call(&server, &ann, Method::PATCH, &path, json!({ "archived": false })).await, 204);
    assert_eq!(ann_live.say_in(&room, "open again").await.1, 5);
    server.stop().await;
}

#[tokio::test]
async fn moderators_cannot_remove_each_other() {
    let server = Server::start().await;
    let (ann, bob, cem) = (server.session("ann").await, server.session("bob").await, server.session("cem").await);
    let room = server.room(&ann, "Attic", "private").await;
    for other in [&bob, &cem] {
        server.add(&ann, &room, &other.user).await;
        let path = format!("/api/rooms/{room}/members/{}", other.user.id);
        assert_eq!(call(&server, &ann, Method::PATCH, &path, json!({ "moderator": true })).await, 204);
    }
    let members: MemberList = server.get(&bob.token, &format!("/api/rooms/{room}/members")).await.json().await.unwrap();
    assert_eq!((members.count, members.members.iter().filter(|member| member.moderator).count()), (3, 3));
    let path = format!("/api/rooms/{room}/members/{}", cem.user.id);
    assert_eq!(call(&server, &bob, Method::DELETE, &path, json!({})).await, 403);
    // The creator ranks above them, and everyone may leave.
    server.remove(&ann, &room, &cem.user).await;
    server.remove(&bob, &room, &bob.user).await;
    assert_eq!(call(&server, &ann, Method::DELETE, &path, json!({})).await, 404);
    // Removed members may rejoin a public room.
    let kitchen = server.room(&ann, "Kitchen", "public").await;
    let mut bob_live = Client::greet(server.address, &bob).await;
    for _ in 0..2 {
        bob_live.join(kitchen.as_str(), Some(0)).await;
        bob_live.say_in(&kitchen, "here I am").await;
        server.remove(&ann, &kitchen, &bob.user).await;
        bob_live.join(kitchen.as_str(), None).await;
        server.remove(&bob, &kitchen, &bob.user).await;
    }
    assert!(!rooms_of(&server, &bob).await.iter().any(|mine| mine.id == kitchen && mine.joined));
    assert_eq!(server.log(&ann, &kitchen).await.len(), 4, "coming and going by oneself leaves nothing there");
    let kinds: Vec<_> = server.log(&ann, &room).await.into_iter().map(|event| event.event).collect();
    let user = cem.user.clone();
    assert!(kinds.contains(&EventKind::Appointed { user, moderator: true }), "{kinds:?}");
    server.stop().await;
}
