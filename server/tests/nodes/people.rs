//! People on several nodes: rights, presence, names and read positions.

use std::time::Duration;

use parlor::config::Config;
use parlor_protocol::{ClientFrame, CloseCode, PresenceState, RoomId, ServerFrame, http::CreatedSession};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Nodes, bus, no_bus};
use crate::support::{Client, FrameReader, eventually, unlimited};

/// The next presence of a user.
async fn heard(client: &mut Client, who: &CreatedSession) -> PresenceState {
    client
        .until(|frame| match frame {
            ServerFrame::Presence { user, state, .. } if user.id == who.user.id => Some(*state),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn what_ends_on_one_node_ends_on_all() {
    // Also without a bus.
    for bus in [bus(), no_bus()] {
        let nodes = Nodes::start_with(2, bus, unlimited()).await;
        let owner = nodes[0].owner("olga").await;
        let (ann, bob, eve) =
            (nodes[0].account("ann").await, nodes[0].account("bob").await, nodes[0].account("eve").await);
        let mut signs_out = Client::in_lobby(nodes[1].address, &ann).await;
        let mut banned = Client::in_lobby(nodes[1].address, &bob).await;
        let mut muted = Client::in_lobby(nodes[1].address, &eve).await;

        assert_eq!(nodes[0].delete("/api/session", &ann.token).await.status, 204);
        let end = signs_out.ended().await;
        assert_eq!(end.bye, Some(CloseCode::SessionRevoked as u16));
        assert_eq!(nodes[1].who(&ann.token).await, 401);

        let ban =
            nodes[0].post(&format!("/api/people/{}/ban", bob.user.id), &owner.token, json!({ "reason": "spam" })).await;
        assert_eq!(ban.status, 204, "{ban:?}");
        assert_eq!(banned.ended().await.bye, Some(CloseCode::Banned as u16));
        assert_eq!(nodes[1].who(&bob.token).await, 403);

        let path = format!("/api/people/{}/mute", eve.user.id);
        let mute = nodes[0].post(&path, &owner.token, json!({ "minutes": 60 })).await;
        assert_eq!(mute.status, 204, "{mute:?}");
        muted.post("not said").await;
        assert_eq!(muted.refusal().await, "muted");
        assert_eq!(nodes[0].ask(Method::DELETE, &path, &owner.token, Value::Null).await.status, 204);
        eventually("the mute is lifted there", async || {
            muted.post("said").await;
            muted
                .until(|frame| match frame {
                    ServerFrame::Ack { .. } => Some(true),
                    ServerFrame::Refused { .. } => Some(false),
                    _ => None,
                })
                .await
        })
        .await;
        nodes.stop().await;
    }
}

#[tokio::test]
async fn presence_is_that_of_all_nodes() {
    let grace = Duration::from_millis(300);
    let nodes = Nodes::start_with(2, bus(), Config { leave_grace: grace, ..unlimited() }).await;
    let (ann, bob) = (nodes[0].session("ann").await, nodes[1].session("bob").await);
    let mut watching = Client::in_lobby(nodes[0].address, &ann).await;
    let mut here = Client::in_lobby(nodes[1].address, &bob).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    here.say(&ClientFrame::Away { on: true }).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Away);
    // Another device, on the other node.
    let other = Client::in_lobby(nodes[0].address, &bob).await;
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    drop(here);
    drop(other);
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Offline);
    // Whoever has another name is shown under it.
    let cem = nodes[1].account("cem").await;
    let _before = Client::in_lobby(nodes[1].address, &cem).await;
    assert_eq!(heard(&mut watching, &cem).await, PresenceState::Online);
    let renamed = nodes[0].ask(Method::PATCH, "/api/me", &cem.token, json!({ "display_name": "Djem" })).await;
    assert_eq!(renamed.status, 200, "{renamed:?}");
    let _after = Client::in_lobby(nodes[1].address, &cem).await;
    watching
        .until(|frame| match frame {
            ServerFrame::Presence { user, .. } if user.id == cem.user.id && user.name == "Djem" => Some(()),
            _ => None,
        })
        .await;
    nodes.stop().await;
}

#[tokio::test]
async fn users_of_a_dead_node_go_offline() {
    let nodes = Nodes::start(1).await;
    let (ann, bob) = (nodes[0].session("ann").await, nodes[0].session("bob").await);
    let mut watching = Client::in_lobby(nodes[0].address, &ann).await;
    // As a node leaves it behind that has died a moment ago.
    let (mut database, node) = (nodes.database.connect().await, Uuid::now_v7());
    sqlx::query(
        "INSERT INTO writer (id, commits, started_at, seen_at) VALUES ($1, 0, 0, clock_timestamp() - interval '8 s')",
    )
    .bind(node)
    .execute(&mut database)
    .await
    .unwrap();
    sqlx::query("INSERT INTO connected_user (node, user_id, name_key, away) VALUES ($1, $2, 'bob', false)")
        .bind(node)
        .bind(bob.user.id.0)
        .execute(&mut database)
        .await
        .unwrap();
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Online);
    assert_eq!(heard(&mut watching, &bob).await, PresenceState::Offline);
    nodes.stop().await;
}

#[tokio::test]
async fn a_name_is_used_once() {
    let (nodes, [a, b]) = Nodes::pair().await;
    let (one, other) = tokio::join!(nodes[a].try_guest("Ann"), nodes[b].try_guest("ann"));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{one:?} {other:?}");
    // While they are connected.
    let bob = nodes[a].session("Bob").await;
    let _connected = Client::in_lobby(nodes[a].address, &bob).await;
    let mut database = nodes.database.connect().await;
    eventually("it is stored", async || {
        let until: Option<bool> = sqlx::query_scalar("SELECT until IS NULL FROM connected_user WHERE name_key = 'bob'")
            .fetch_optional(&mut database)
            .await
            .unwrap();
        until == Some(true)
    })
    .await;
    assert_eq!(nodes[b].try_guest("Bob").await.refused(), (409, "name_taken".into()));
    // Numbers are given once.
    let guests =
        tokio::join!(nodes[a].post("/api/session", "", json!({})), nodes[b].post("/api/session", "", json!({})));
    assert_ne!(guests.0.made().user.name, guests.1.made().user.name);
    // A name is free after signing out.
    assert_eq!(nodes[a].delete("/api/session", &bob.token).await.status, 204);
    assert_eq!(nodes[b].try_guest("Bob").await.status, 200);
    nodes.stop().await;
}

#[tokio::test]
async fn read_positions_and_marks_reach_devices_on_other_nodes() {
    let (nodes, [a, b]) = Nodes::pair().await;
    let (mut ann, bob) = (nodes[a].client("ann").await, nodes[a].session("bob").await);
    let mut desk = Client::in_lobby(nodes[a].address, &bob).await;
    // Its memberships are in the cache of that node.
    let mut phone = Client::in_lobby(nodes[b].address, &bob).await;
    for n in 1..=6 {
        assert_eq!(ann.send(&format!("message {n}")).await, n);
    }
    desk.events_to(6).await;
    phone.events_to(6).await;
    let unread = |count: u64, marked: bool| {
        move |frame: &ServerFrame| match frame {
            ServerFrame::Room { room } if (room.unread, room.marked) == (count, marked) => Some(()),
            _ => None,
        }
    };
    desk.say(&ClientFrame::Read { room: RoomId::lobby(), seq: 4 }).await;
    phone.until(unread(2, false)).await;
    desk.say(&ClientFrame::MarkUnread { room: RoomId::lobby(), seq: 2 }).await;
    phone.until(unread(5, true)).await;
    assert_eq!(nodes[b].listed(&bob, &RoomId::lobby()).await.unread, 5);
    phone.say(&ClientFrame::Read { room: RoomId::lobby(), seq: 6 }).await;
    desk.until(unread(0, false)).await;
    assert_eq!(nodes[a].listed(&bob, &RoomId::lobby()).await.unread, 0);
    nodes.stop().await;
}
