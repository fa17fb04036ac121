//! Reactions to messages: who may react with what, and what everyone sees of it.

use crate::support::{Client, Server};
use parlor_protocol::{ClientFrame, CommandId, EventKind, RoomId, Seq, error_code, http::MessageReactions, limits};
use uuid::Uuid;

impl Client {
    async fn react(&mut self, room: &RoomId, message: CommandId, emoji: &str, on: bool) -> Result<Seq, String> {
        let id = CommandId(Uuid::now_v7());
        self.decided(ClientFrame::React { id, room: room.clone(), message, emoji: emoji.into(), on }).await
    }
}

#[tokio::test]
async fn a_reaction_is_seen_live_and_in_history() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let lobby = RoomId::lobby();
    let (mut annas, mut bobs) =
        (Client::in_lobby(server.address, &ann).await, Client::in_lobby(server.address, &bob).await);
    let (message, message_seq) = annas.say_in(&lobby, "well?").await;
    let mut reader = server.client("carl").await;
    assert_eq!(bobs.react(&lobby, message, "👍", true).await, Ok(2));
    assert_eq!(bobs.react(&lobby, message, "👍", true).await, Ok(2), "it is so already: no event");
    assert_eq!(annas.react(&lobby, message, "👍", true).await, Ok(3));
    // One emoji has one form, with and without the selector for its colourful picture.
    assert_eq!(annas.react(&lobby, message, "\u{2764}", true).await, Ok(4));
    assert_eq!(annas.react(&lobby, message, "\u{2764}\u{fe0f}", true).await, Ok(4));
    assert_eq!(annas.react(&lobby, message, "👍🏽", true).await, Ok(5));
    assert_eq!(annas.react(&lobby, message, "👍🏽", false).await, Ok(6));
    let events = reader.events_to(6).await;
    let reacted = |emoji: &str, on| EventKind::Reacted { message, message_seq, emoji: emoji.into(), on };
    let kinds: Vec<_> = events.iter().map(|event| (event.by.name.as_str(), event.event.clone())).collect();
    assert_eq!(
        kinds,
        [
            ("bob", reacted("👍", true)),
            ("ann", reacted("👍", true)),
            ("ann", reacted("❤️", true)),
            ("ann", reacted("👍🏽", true)),
            ("ann", reacted("👍🏽", false)),
        ]
    );
    let server = server.restart().await;
    let page = server.page(&bob, &lobby).await;
    let seen: Vec<_> = page.messages[0]
        .reactions
        .iter()
        .map(|reaction| (reaction.emoji.as_str(), reaction.count, reaction.me, reaction.users.clone()))
        .collect();
    let (of_ann, of_bob) = (ann.user.clone(), bob.user.clone());
    assert_eq!(seen, [("👍", 2, true, vec![of_bob, of_ann.clone()]), ("❤️", 1, false, vec![of_ann])]);
    assert!(page.notices.is_empty(), "a reaction is no notice");
    let path = format!("/api/rooms/lobby/messages/{message}/reactions");
    let all: MessageReactions = server.get(&ann.token, &path).await.json().await.unwrap();
    assert_eq!(all.reactions.iter().map(|reaction| reaction.me).collect::<Vec<_>>(), [true, true]);
    server.stop().await;
}

#[tokio::test]
async fn only_emojis_are_reactions() {
    let server = Server::start().await;
    let (mut ann, lobby) = (server.client("ann").await, RoomId::lobby());
    let (message, _) = ann.say_in(&lobby, "well?").await;
    for text in [
        "",
        " ",
        "a",
        "👍👍",
        "👍 ",
        ":)",
        "<b>",
        "1",
        "#",
        "\u{fe0f}",
        "🇦",
        "🏽",
        "\u{200d}",
        "👨\u{200d}👨\u{200d}👨",
    ] {
        let refused = ann.react(&lobby, message, text, true).await;
        // A lone skin tone is an emoji of its own in Unicode's data, or none.
        assert!(text == "🏽" || refused == Err(error_code::BAD_EMOJI.into()), "{text:?}: {refused:?}");
    }
    for emoji in ["👨‍👩‍👧‍👦", "🇩🇪", "1️⃣", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🧑🏿‍🚀"]
    {
        assert!(ann.react(&lobby, message, emoji, true).await.is_ok(), "{emoji}");
    }
    for n in 0..limits::MAX_REACTIONS {
        let emoji = char::from_u32(0x1f600 + u32::try_from(n).unwrap()).unwrap().to_string();
        let refused = ann.react(&lobby, message, &emoji, true).await.err();
        let is_full = n + 5 >= limits::MAX_REACTIONS;
        assert_eq!(refused.is_some(), is_full, "{n}: {refused:?}");
    }
    assert_eq!(ann.react(&lobby, message, "👍", true).await, Err(error_code::TOO_MANY_REACTIONS.into()));
    let missing = CommandId(Uuid::now_v7());
    assert_eq!(ann.react(&lobby, missing, "👍", true).await, Err(error_code::NOT_FOUND.into()));
    server.stop().await;
}

#[tokio::test]
async fn reacting_joins_a_public_room_and_needs_rights_in_others() {
    let server = Server::start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let (open, den) = (server.room(&ann, "Open", "public").await, server.room(&ann, "Den", "private").await);
    let (mut annas, mut bobs) = (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    let (in_open, _) = annas.say_in(&open, "hello").await;
    let (in_den, _) = annas.say_in(&den, "hello").await;
    assert_eq!(bobs.react(&den, in_den, "👍", true).await, Err(error_code::NOT_FOUND.into()));
    assert_eq!(bobs.react(&open, in_den, "👍", true).await, Err(error_code::NOT_FOUND.into()));
    assert_eq!(bobs.react(&open, in_open, "👍", true).await, Ok(2));
    assert!(server.listed(&bob, &open).await.joined);
    let archive = serde_json::json!({ "archived": true });
    server.change(&ann, &open, archive).await;
    assert!(bobs.react(&open, in_open, "❤️", true).await.is_err(), "an archived room does not change");
    server.stop().await;
}
