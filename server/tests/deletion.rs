//! Deleting messages: permissions, and removal from all copies.

use crate::support::{self, Client, Database, FrameReader, Server, body};
use parlor_protocol::{ClientFrame, CommandId, Event, EventKind, RoomId, http::AuditPage};
use serde_json::json;
use uuid::Uuid;

fn deletion(id: CommandId, message: CommandId) -> ClientFrame {
    ClientFrame::Delete { id, room: RoomId::lobby(), message }
}

fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

fn is_deletion(event: &Event, of: CommandId, at: u64) -> bool {
    event.event == EventKind::Deleted { message: of, message_seq: at }
}

#[tokio::test]
async fn deleted_content_is_removed_from_history_replay_memory_and_disk() {
    let server = Server::start().await;
    let lobby = RoomId::lobby();
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let (mut annas, mut bobs) = (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    annas.join("lobby", None).await;
    bobs.join("lobby", None).await;
    annas.say_in(&lobby, "before").await;
    let (message, seq) = annas.say_in(&lobby, "a secret for @bob").await;
    annas.say_in(&lobby, "after").await;
    bobs.events_to(3).await;
    assert_eq!(annas.delete(&lobby, message).await, Ok(4));
    let told = bobs.event().await;
    assert!(told.seq == 4 && told.by == ann.user && is_deletion(&told, message, seq), "{told:?}");

    let page = server.page(&bob, &lobby).await;
    assert_eq!(page.messages.iter().map(|message| message.body.as_str()).collect::<Vec<_>>(), ["before", "after"]);
    let emptied = |events: &[Event]| {
        let EventKind::Message { body, html, mentions, .. } = &events[1].event else { panic!("{events:?}") };
        assert_eq!((body.as_str(), html.as_str(), mentions.len()), ("", "", 0));
        assert!(is_deletion(&events[3], message, seq));
        assert_eq!((support::body(&events[0]), support::body(&events[2])), ("before", "after"));
    };
    emptied(&server.log(&bob, &lobby).await);
    // A new client: the events in memory are updated as well.
    let mut late = Client::greet(server.address, &server.session("carl").await).await;
    late.join("lobby", Some(0)).await;
    emptied(&late.events_to(4).await);
    let mut again = Client::greet(server.address, &bob).await;
    again.join("lobby", Some(3)).await;
    assert!(is_deletion(&again.event().await, message, seq));

    let server = server.restart().await;
    emptied(&server.log(&bob, &lobby).await);
    let mut db = server.database().await;
    // SQLite overwrites it in place, with zeros.
    let left = match db {
        Database::Sqlite(_) => "hex(body || html || detail) GLOB '*[1-9A-F]*'",
        Database::Postgres(_) => "concat(body, html, detail) <> ''",
    };
    let left = format!("SELECT (SELECT count(*) FROM mention) + (SELECT count(*) FROM event WHERE seq = 2 AND {left})");
    assert_eq!(db.number(&left).await, 0);
    server.stop().await;
}

#[tokio::test]
async fn repeated_delete_commands_are_idempotent() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let lobby = RoomId::lobby();
    let ((one, _), (other, _)) = (ann.say_in(&lobby, "one").await, ann.say_in(&lobby, "other").await);
    let id = new_id();
    assert_eq!(ann.decided(deletion(id, one)).await, Ok(3));
    assert_eq!(ann.decided(deletion(id, one)).await, Ok(3), "the same, for ever");
    assert_eq!(ann.decided(deletion(id, other)).await, Err("id_reused".into()));
    assert_eq!(ann.decided(deletion(one, other)).await, Err("id_reused".into()), "the id of a message");
    let said = ClientFrame::Send { id, room: lobby.clone(), body: "hi".into(), reply_to: None };
    assert_eq!(ann.decided(said).await, Err("id_reused".into()));
    assert_eq!(ann.decided(deletion(new_id(), one)).await, Err("not_found".into()), "gone already");
    assert_eq!(ann.decided(deletion(new_id(), new_id())).await, Err("not_found".into()));
    assert_eq!(ann.decided(deletion(CommandId(Uuid::nil()), other)).await, Err("bad_frame".into()));
    // Sent and deleted at once.
    let (hasty, back) = (ann.post("oh no").await, new_id());
    ann.say(&deletion(back, hasty)).await;
    assert_eq!(ann.answer(back).await, Ok(5));
    // The first command keeps its ack.
    ann.post_as(one, "one").await;
    assert_eq!(ann.answer(one).await, Ok(1));
    server.stop().await;
}

#[tokio::test]
async fn moderators_delete_messages_of_others_and_it_is_audited() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let room = server.room(&ann, "Kitchen", "private").await;
    for who in [&bob, &owner] {
        server.add(&ann, &room, &who.user).await;
    }
    let (mut annas, mut bobs) = (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    let (by_ann, _) = annas.say_in(&room, "mine").await;
    let (by_bob, _) = bobs.say_in(&room, "a rude word").await;
    assert_eq!(bobs.delete(&room, by_ann).await, Err("forbidden".into()));
    assert!(annas.delete(&room, by_bob).await.is_ok(), "she has made the room");
    assert!(annas.delete(&room, by_ann).await.is_ok());
    // Direct rooms have no moderators.
    let pair = server.direct(&ann, &[&bob]).await;
    let (private, _) = bobs.say_in(&pair, "psst").await;
    assert_eq!(annas.delete(&pair, private).await, Err("forbidden".into()));
    // A message of another room.
    assert_eq!(bobs.delete(&room, private).await, Err("not_found".into()));
    let mut outside = Client::greet(server.address, &server.account("carl").await).await;
    assert_eq!(outside.delete(&room, by_bob).await, Err("not_found".into()));

    let audit: AuditPage = server.get(&owner.token, "/api/audit").await.json().await.unwrap();
    let noted: Vec<_> = audit.entries.iter().filter(|entry| entry.act == "message_deleted").collect();
    let [entry] = &noted[..] else { panic!("what is one's own is one's own: {noted:?}") };
    assert_eq!((entry.actor.as_ref(), entry.subject.as_ref()), (Some(&ann.user), Some(&bob.user)));
    assert_eq!((entry.room.as_ref(), &entry.details), (Some(&room), &Some(json!({ "message": by_bob }))));
    server.stop().await;
}

#[tokio::test]
async fn muted_members_may_delete_own_messages_but_former_members_may_not() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let room = server.room(&ann, "Kitchen", "public").await;
    server.add(&bob, &room, &bob.user).await;
    let mut bobs = Client::greet(server.address, &bob).await;
    let mut annas = Client::greet(server.address, &ann).await;
    let mut said = Vec::new();
    for text in ["one", "two", "three"] {
        said.push(bobs.say_in(&room, text).await.0);
    }
    let (mine, _) = annas.say_in(&room, "four").await;
    let mute = json!({ "minutes": 5, "room": room });
    assert_eq!(server.post(&format!("/api/people/{}/mute", bob.user.id), &owner.token, mute).await.status, 204);
    let again = ClientFrame::Send { id: new_id(), room: room.clone(), body: "hi".into(), reply_to: None };
    assert_eq!(bobs.decided(again).await, Err("muted".into()));
    assert!(bobs.delete(&room, said[0]).await.is_ok());
    server.change(&ann, &room, json!({ "archived": true })).await;
    assert_eq!(bobs.delete(&room, said[1]).await, Err("forbidden".into()), "nothing changes there any more");
    assert!(annas.delete(&room, said[1]).await.is_ok(), "but for who looks after it");
    assert!(annas.delete(&room, mine).await.is_ok(), "also what is their own");
    server.change(&ann, &room, json!({ "archived": false })).await;
    server.remove(&bob, &room, &bob.user).await;
    assert_eq!(bobs.delete(&room, said[2]).await, Err("forbidden".into()));
    let log = server.log(&ann, &room).await;
    assert_eq!(body(&log[2]), "three");
    server.stop().await;
}
