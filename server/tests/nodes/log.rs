//! Rooms and their logs on several nodes.

use std::collections::HashMap;

use parlor_protocol::{CommandId, Event, ServerFrame};
use uuid::Uuid;

use super::{Nodes, no_bus};
use crate::support::{Client, FrameReader, assert_gap_free, body, unlimited};

/// Everyone's copy of the lobby's log is the same, whichever node they write on.
async fn all_write(nodes: &Nodes) {
    const EACH: usize = 60;
    let count = nodes.servers.len();
    let mut readers = Vec::new();
    for (n, server) in nodes.servers.iter().enumerate() {
        readers.push(server.client(&format!("reader {n}")).await);
    }
    let mut writers = Vec::new();
    for (n, server) in nodes.servers.iter().enumerate() {
        let mut writer = server.client(&format!("writer {n}")).await;
        writers.push(tokio::spawn(async move {
            for message in 0..EACH {
                writer.post(&format!("{n}: {message}")).await;
            }
            let mut acks = 0;
            while acks < EACH {
                writer.until(|frame| matches!(frame, ServerFrame::Ack { .. }).then_some(())).await;
                acks += 1;
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let total = u64::try_from(count * EACH).unwrap();
    let mut logs = Vec::new();
    for reader in &mut readers {
        let events: Vec<Event> = reader.events_to(total).await;
        assert_gap_free(&events);
        assert_eq!(events[0].seq, 1);
        let mut next = HashMap::new();
        for event in &events {
            let (writer, message) = body(event).split_once(": ").unwrap();
            let next = next.entry(writer.to_owned()).or_insert(0);
            assert_eq!(message.parse::<usize>().unwrap(), *next, "each writer's messages are in their order");
            *next += 1;
        }
        logs.push(events);
    }
    assert!(logs.iter().all(|log| *log == logs[0]));
}

#[tokio::test]
async fn all_nodes_write_one_log() {
    let nodes = Nodes::start(3).await;
    all_write(&nodes).await;
    nodes.stop().await;
}

#[tokio::test]
async fn nothing_is_lost_without_a_bus() {
    let nodes = Nodes::start_with(3, no_bus(), unlimited()).await;
    all_write(&nodes).await;
    nodes.stop().await;
}

#[tokio::test]
async fn a_message_is_stored_once_whichever_node_it_is_sent_to() {
    let (nodes, [a, b]) = Nodes::pair().await;
    let ann = nodes[a].session("ann").await;
    let mut here = Client::in_lobby(nodes[a].address, &ann).await;
    let mut there = Client::in_lobby(nodes[b].address, &ann).await;
    let id = CommandId(Uuid::now_v7());
    here.post_as(id, "once").await;
    there.post_as(id, "once").await;
    assert_eq!(here.acked(id).await, there.acked(id).await);
    assert_eq!(nodes[b].history(&ann.token, "").await.messages.len(), 1);
    nodes.stop().await;
}

#[tokio::test]
async fn a_client_resumes_on_another_node() {
    let (nodes, [a, b]) = Nodes::pair().await;
    let (mut ann, bob) = (nodes[a].client("ann").await, nodes[a].session("bob").await);
    for n in 1..=5 {
        assert_eq!(ann.send(&format!("message {n}")).await, n);
    }
    let mut bob = Client::greet(nodes[b].address, &bob).await;
    bob.join("lobby", Some(2)).await;
    let missed = bob.events_to(5).await;
    assert_eq!(missed.iter().map(|event| event.seq).collect::<Vec<_>>(), [3, 4, 5]);
    ann.send("and on").await;
    assert_eq!(body(&bob.events_to(6).await[0]), "and on");
    nodes.stop().await;
}

#[tokio::test]
async fn rooms_are_known_to_all_nodes() {
    let (nodes, [a, b]) = Nodes::pair().await;
    let (ann, bob) = (nodes[a].account("ann").await, nodes[b].account("bob").await);
    let mut bobs = Client::greet(nodes[b].address, &bob).await;
    let den = nodes[a].room(&ann, "Den", "private").await;
    nodes[a].add(&ann, &den, &bob.user).await;
    let named = |name: &'static str| {
        move |frame: &ServerFrame| match frame {
            ServerFrame::Room { room } if room.name == name => Some(room.id.clone()),
            _ => None,
        }
    };
    assert_eq!(bobs.until(named("Den")).await, den);
    bobs.join(den.as_str(), None).await;
    nodes[a].change(&ann, &den, serde_json::json!({ "name": "Cellar" })).await;
    assert_eq!(bobs.until(named("Cellar")).await, den);
    nodes[a].remove(&ann, &den, &bob.user).await;
    bobs.until(|frame| matches!(frame, ServerFrame::Room { room } if room.gone).then_some(())).await;
    // Of two people who open their direct room at the same time, on two nodes.
    let (to_bob, to_ann) = ([&bob], [&ann]);
    let (one, other) = tokio::join!(nodes[a].direct(&ann, &to_bob), nodes[b].direct(&bob, &to_ann));
    assert_eq!(one, other);
    nodes.stop().await;
}
