//! Unread counts, read positions and notification levels.

use crate::support::{Client, Server, rooms::counts};
use parlor_protocol::{ClientFrame, NotificationLevel, RoomId, ServerFrame};
use reqwest::Method;
use serde_json::json;

fn tells_of(frames: &[ServerFrame], id: &RoomId) -> bool {
    frames.iter().any(|frame| matches!(frame, ServerFrame::Room { room } if room.id == *id))
}

#[tokio::test]
async fn only_messages_of_others_are_unread() {
    let server = Server::start().await;
    let (ann, bob) = (server.account("ann").await, server.account("bob").await);
    let room = server.room(&ann, "Kitchen", "private").await;
    server.add(&ann, &room, &bob.user).await;
    let (mut annas, mut bobs) = (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    let joined = server.listed(&bob, &room).await.head;
    assert_eq!(counts(&server.listed(&bob, &room).await), (joined, 0, 0, false));
    server.change(&ann, &room, json!({ "topic": "dinner", "name": "Pantry" })).await;
    let (first, _) = annas.say_in(&room, "one").await;
    annas.say_in(&room, "two").await;
    bobs.say_in(&room, "mine").await;
    let carl = server.account("carl").await;
    server.add(&ann, &room, &carl.user).await;
    let head = joined + 6;
    let expected = (joined, 2, 0, false);
    assert_eq!(counts(&bobs.summary(&room, |room| room.head == head).await), expected, "told once a second");
    assert_eq!(counts(&server.listed(&bob, &room).await), expected);
    assert_eq!(counts(&server.listed(&ann, &room).await), (0, 1, 0, false));
    assert_eq!(counts(&server.listed(&carl, &room).await), (head, 0, 0, false), "before they came");
    annas.delete(&room, first).await.unwrap();
    assert_eq!(counts(&bobs.summary(&room, |room| room.head == head + 1).await), (joined, 1, 0, false));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &room).await), (joined, 1, 0, false), "counted anew");
    assert_eq!(counts(&server.listed(&ann, &room).await), (0, 1, 0, false));
    server.stop().await;
}

#[tokio::test]
async fn read_state_is_shared_between_devices() {
    let server = Server::start().await;
    let lobby = RoomId::lobby();
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let mut writer = Client::greet(server.address, &ann).await;
    let (mut phone, mut desk) = (Client::greet(server.address, &bob).await, Client::greet(server.address, &bob).await);
    // There is nothing to mark.
    phone.say(&ClientFrame::MarkUnread { room: lobby.clone(), seq: 1 }).await;
    phone.settle().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (0, 0, 0, false));
    for n in 1..=5 {
        writer.say_in(&lobby, &format!("{n} @bob")).await;
    }
    phone.say(&ClientFrame::Read { room: lobby.clone(), seq: 4 }).await;
    let told = desk.summary(&lobby, |room| room.read > 0).await;
    assert_eq!(counts(&told), (4, 1, 1, false));
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (4, 1, 1, false));
    phone.settle().await;
    desk.settle().await;
    desk.say(&ClientFrame::MarkUnread { room: lobby.clone(), seq: 3 }).await;
    assert_eq!(counts(&phone.summary(&lobby, |room| room.marked).await), (2, 3, 3, true));
    assert!(!tells_of(&desk.settle().await, &lobby), "it knows");
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (2, 3, 3, true));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (2, 3, 3, true));
    let (mut phone, mut desk) = (Client::greet(server.address, &bob).await, Client::greet(server.address, &bob).await);
    // Reading removes the mark, and earlier read positions apply again.
    phone.say(&ClientFrame::Read { room: lobby.clone(), seq: 1 }).await;
    assert_eq!(counts(&desk.summary(&lobby, |room| !room.marked).await), (4, 1, 1, false));
    // Marks beyond the end are clamped to it, and unread messages stay unread.
    phone.say(&ClientFrame::MarkUnread { room: lobby.clone(), seq: 99 }).await;
    assert_eq!(counts(&desk.summary(&lobby, |room| room.marked).await), (4, 1, 1, true));
    phone.say(&ClientFrame::MarkUnread { room: lobby.clone(), seq: 0 }).await;
    assert_eq!(counts(&desk.summary(&lobby, |room| room.read == 0).await), (0, 5, 5, true));
    phone.say(&ClientFrame::Read { room: lobby.clone(), seq: 99 }).await;
    assert_eq!(counts(&desk.summary(&lobby, |room| !room.marked).await), (5, 0, 0, false));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (5, 0, 0, false));
    server.stop().await;
}

#[tokio::test]
async fn unread_counts_survive_a_restart() {
    let server = Server::start().await;
    let lobby = RoomId::lobby();
    let bob = server.session("bob").await;
    let mut writer = server.client("ann").await;
    for n in 1..=2_500 {
        writer.post(&if n % 100 == 0 { "@bob".to_owned() } else { n.to_string() }).await;
    }
    writer.events_to(2_500).await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (0, 2_500, 25, false));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (0, 2_500, 25, false));
    let mut phone = Client::greet(server.address, &bob).await;
    phone.say(&ClientFrame::Read { room: lobby.clone(), seq: 2_450 }).await;
    phone.settle().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (2_450, 50, 1, false));
    let server = server.restart().await;
    assert_eq!(counts(&server.listed(&bob, &lobby).await), (2_450, 50, 1, false));
    // Further back than counted so far.
    let (mut phone, mut desk) = (Client::greet(server.address, &bob).await, Client::greet(server.address, &bob).await);
    phone.say(&ClientFrame::MarkUnread { room: lobby.clone(), seq: 101 }).await;
    assert_eq!(counts(&desk.summary(&lobby, |room| room.marked).await), (100, 2_400, 24, true));
    server.stop().await;
}

#[tokio::test]
async fn notification_level_is_stored_and_announced() {
    let server = Server::start().await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let room = server.room(&ann, "Kitchen", "private").await;
    let path = format!("/api/rooms/{room}/level");
    let mut desk = Client::greet(server.address, &ann).await;
    let set = async |who: &parlor_protocol::http::CreatedSession, path: &str, body| {
        server.ask(Method::PUT, path, &who.token, body).await.status
    };
    assert_eq!(server.listed(&ann, &room).await.level, NotificationLevel::All);
    assert_eq!(set(&ann, &path, json!({ "level": "mentions" })).await, 204);
    assert_eq!(desk.summary(&room, |_| true).await.level, NotificationLevel::Mentions);
    assert_eq!(server.listed(&ann, &room).await.level, NotificationLevel::Mentions);
    assert_eq!(set(&ann, &path, json!({ "level": "nothing" })).await, 204);
    assert_eq!(set(&ann, &path, json!({ "level": "loud" })).await, 400);
    assert_eq!(set(&bob, &path, json!({ "level": "all" })).await, 404);
    let public = server.room(&ann, "Garden", "public").await;
    assert_eq!(set(&bob, &format!("/api/rooms/{public}/level"), json!({ "level": "all" })).await, 403);
    let server = server.restart().await;
    assert_eq!(server.listed(&ann, &room).await.level, NotificationLevel::Nothing);
    server.stop().await;
}
