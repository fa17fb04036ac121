//! Editing messages: everyone sees the new text, earlier versions can be read, and mentions are those of the new text.

use crate::support::{Client, FrameReader, Server, rooms::counts};
use parlor_protocol::{ClientFrame, CommandId, Event, EventKind, Message, RoomId, Seq, error_code, http::MessageEdits};
use uuid::Uuid;

fn edit(message: CommandId, body: &str) -> ClientFrame {
    ClientFrame::Edit { id: CommandId(Uuid::now_v7()), room: RoomId::lobby(), message, body: body.into() }
}

impl Client {
    async fn edit(&mut self, message: CommandId, body: &str) -> Result<Seq, String> {
        self.decided(edit(message, body)).await
    }
}

fn edited(event: &Event) -> (CommandId, &str, &str) {
    let EventKind::Edited { message, body, html, .. } = &event.event else { panic!("{event:?}") };
    (*message, body, html)
}

#[tokio::test]
async fn an_edit_is_seen_live_in_replays_and_in_history() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let (mut annas, mut bobs) =
        (Client::in_lobby(server.address, &ann).await, Client::in_lobby(server.address, &bob).await);
    let lobby = RoomId::lobby();
    let (message, seq) = annas.say_in(&lobby, "teh text").await;
    annas.say_in(&lobby, "another").await;
    bobs.events_to(2).await;
    let id = CommandId(Uuid::now_v7());
    let frame = ClientFrame::Edit { id, room: lobby.clone(), message, body: "the **text**\r\n".into() };
    assert_eq!(annas.decided(frame.clone()).await, Ok(3));
    assert_eq!(annas.decided(frame).await, Ok(3), "a repeated command is one edit");
    let event = bobs.event().await;
    let html = "<p>the <strong>text</strong></p>\n";
    assert_eq!((event.seq, &event.by, edited(&event)), (3, &ann.user, (message, "the **text**", html)));

    let page = server.page(&bob, &lobby).await;
    let [one, other] = &page.messages[..] else { panic!("{page:?}") };
    assert_eq!((one.seq, one.body.as_str(), one.html.as_str()), (seq, "the **text**", html));
    assert_eq!((one.edited_at, other.edited_at, page.head), (Some(event.at), None, 3));
    assert!(page.notices.is_empty(), "an edit is no notice");

    let mut late = Client::greet(server.address, &server.session("carl").await).await;
    late.join("lobby", Some(0)).await;
    let replayed = late.events_to(3).await;
    assert_eq!(edited(&replayed[2]), (message, "the **text**", html));
    assert_eq!(annas.edit(message, "final").await, Ok(4));
    let path = format!("/api/rooms/lobby/messages/{message}");
    let read: Message = server.get(&bob.token, &path).await.json().await.unwrap();
    assert_eq!((read.id, read.body.as_str()), (message, "final"));
    let versions: MessageEdits = server.get(&bob.token, &format!("{path}/edits")).await.json().await.unwrap();
    let bodies: Vec<_> = versions.edits.iter().map(|version| version.body.as_str()).collect();
    assert_eq!(bodies, ["teh text", "the **text**", "final"]);

    let server = server.restart().await;
    assert_eq!(server.page(&bob, &lobby).await.messages[0].body, "final");
    server.stop().await;
}

#[tokio::test]
async fn only_authors_edit_and_only_what_is_there() {
    let server = Server::start().await;
    let owner = server.owner("olga").await;
    let (mut ann, mut olga) = (server.client("ann").await, Client::in_lobby(server.address, &owner).await);
    let lobby = RoomId::lobby();
    let (message, _) = ann.say_in(&lobby, "hers").await;
    assert_eq!(olga.edit(message, "not hers").await, Err(error_code::FORBIDDEN.into()), "not even the owner");
    for (body, code) in [
        ("", error_code::EMPTY),
        ("\u{2800}\u{200b}", error_code::EMPTY),
        (&"x".repeat(8_001), error_code::TOO_LONG),
        ("a\x1b[2Jb", error_code::BAD_CHARACTERS),
    ] {
        assert_eq!(ann.edit(message, body).await, Err(code.into()));
    }
    let missing = CommandId(Uuid::now_v7());
    assert_eq!(ann.edit(missing, "x").await, Err(error_code::NOT_FOUND.into()));
    let edit_of_edit = CommandId(Uuid::now_v7());
    let frame = ClientFrame::Edit { id: edit_of_edit, room: lobby.clone(), message, body: "hers again".into() };
    assert_eq!(ann.decided(frame).await, Ok(2));
    assert_eq!(ann.edit(edit_of_edit, "x").await, Err(error_code::NOT_FOUND.into()));
    let nil = ClientFrame::Edit { id: CommandId(Uuid::nil()), room: lobby.clone(), message, body: "x".into() };
    assert_eq!(ann.decided(nil).await, Err(error_code::BAD_FRAME.into()));
    ann.delete(&lobby, message).await.unwrap();
    assert_eq!(ann.edit(message, "x").await, Err(error_code::NOT_FOUND.into()));
    for path in ["", "/edits", "/reactions"] {
        let answer = server.get(&owner.token, &format!("/api/rooms/lobby/messages/{message}{path}")).await;
        assert_eq!(answer.status(), 404, "{path}");
    }
    // What others may not read is not there for them.
    let den = server.room(&owner, "Den", "private").await;
    let (secret, _) = olga.say_in(&den, "secret").await;
    let outsider = ann.session();
    for path in ["", "/edits", "/reactions"] {
        for room in ["lobby", den.as_str()] {
            let answer = server.get(&outsider.token, &format!("/api/rooms/{room}/messages/{secret}{path}")).await;
            assert_eq!(answer.status(), 404, "{room} {path}");
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn deleted_messages_are_deleted_with_their_earlier_versions() {
    let server = Server::start().await;
    let (mut ann, lobby) = (server.client("ann").await, RoomId::lobby());
    let (message, _) = ann.say_in(&lobby, "secret one").await;
    ann.edit(message, "secret two").await.unwrap();
    ann.edit(message, "secret three").await.unwrap();
    ann.say_in(&lobby, "after").await;
    ann.delete(&lobby, message).await.unwrap();
    // From memory, and from the store after a restart.
    let carl = server.session("carl").await;
    let mut late = Client::greet(server.address, &carl).await;
    late.join("lobby", Some(0)).await;
    let replayed = late.events_to(5).await;
    let server = server.restart().await;
    for events in [replayed, server.log(&carl, &lobby).await] {
        assert_eq!((&events[1].event, &events[2].event), (&EventKind::Unknown, &EventKind::Unknown));
        assert!(!format!("{events:?}").contains("secret"), "{events:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_mention_that_an_edit_adds_counts_once() {
    let server = Server::start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let lobby = RoomId::lobby();
    let mut annas = Client::in_lobby(server.address, &ann).await;
    let mut bobs = Client::greet(server.address, &bob).await;
    let (message, _) = annas.say_in(&lobby, "hello").await;
    bobs.summary(&lobby, |room| counts(room) == (0, 1, 0, false)).await;
    annas.edit(message, "hello @bob").await.unwrap();
    bobs.summary(&lobby, |room| counts(room) == (0, 1, 1, false)).await;
    annas.edit(message, "hello, @bob").await.unwrap();
    annas.edit(message, "hello, all").await.unwrap();
    bobs.summary(&lobby, |room| counts(room) == (0, 1, 0, false)).await;
    annas.edit(message, "hello, @bob!").await.unwrap();
    bobs.summary(&lobby, |room| counts(room) == (0, 1, 1, false)).await;
    // Counted from the store.
    let server = server.restart().await;
    let listed = server.listed(&bob, &lobby).await;
    assert_eq!(counts(&listed), (0, 1, 1, false));
    server.stop().await;
}
