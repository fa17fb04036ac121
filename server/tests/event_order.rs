//! The order of different kinds of frames.

use std::collections::HashSet;

use crate::support::{Client, FrameReader, Server};
use parlor_protocol::{PresenceState, RoomId, ServerFrame};

#[tokio::test]
async fn presence_precedes_the_first_message() {
    let server = Server::start().await;
    let mut watching = server.client("watching").await;
    let mut greeted = Vec::new();
    for n in 0..6 {
        greeted.push(server.greeted(&format!("new {n}")).await);
    }
    // They join at once, so that most presence updates are queued.
    let mut coming = Vec::new();
    for mut client in greeted {
        coming.push(tokio::spawn(async move {
            client.join("lobby", None).await;
            client.send("here I am").await;
            client
        }));
    }
    let (mut here, mut heard) = (HashSet::new(), 0);
    while heard < coming.len() {
        match watching.next().await {
            ServerFrame::Presence { user, state: PresenceState::Online, .. } => {
                assert!(here.insert(user.name.clone()), "{} came twice", user.name);
            }
            ServerFrame::Event(event) => {
                heard += 1;
                assert!(here.contains(&event.by.name), "{} is not here yet", event.by.name);
            }
            _ => {}
        }
    }
    for client in coming {
        client.await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn first_direct_message_is_announced_at_once() {
    let server = Server::start().await;
    let mut bob = server.client("bob").await;
    let ann = server.session("ann").await;
    let mut speaking = Client::greet(server.address, &ann).await;
    let bob_session = bob.session();
    for n in 0..3 {
        // A new conversation each time, because existing ones are updated once per second.
        let others: Vec<_> = futures::future::join_all((0..n).map(|_| server.session(""))).await;
        let people: Vec<_> = others.iter().chain([&bob_session]).collect();
        let direct = server.direct(&ann, &people).await;
        speaking.say_in(&direct, "psst").await;
        speaking.say_in(&RoomId::lobby(), "to all").await;
        let mut told = false;
        loop {
            match bob.next().await {
                ServerFrame::Room { room } if room.id == direct => told |= room.head == 1,
                ServerFrame::Event(event) if event.room == RoomId::lobby() => break,
                _ => {}
            }
        }
        assert!(told, "bob hears what was said later first");
    }
    server.stop().await;
}
