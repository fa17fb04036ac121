//! Bans and mutes: permissions, effects and audit log.

mod bans;
mod timing;

use std::time::{Duration, Instant};

use crate::support::{
    self, Client, FrameReader, PATIENCE, Server, browser::Browser, database::Argument, http_client,
    http_connection::Requests, http_connection::status_and_code, message_to, people::PASSWORD, unlimited,
};
use parlor::{clock::now, config::Config};
use parlor_protocol::{
    ClientFrame, CloseCode, PROTOCOL_VERSION, RoomId, ServerFrame,
    http::{AuditPage, BanList, CreatedSession, EventPage},
};
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

const BANNED: Option<u16> = Some(CloseCode::Banned.code());

/// Time limit for ending connections.
const AT_ONCE: Duration = Duration::from_secs(10);

fn path(who: &CreatedSession, what: &str) -> String {
    format!("/api/people/{}/{what}", who.user.id)
}

async fn ban(server: &Server, by: &CreatedSession, who: &CreatedSession, body: Value) {
    let answer = server.post(&path(who, "ban"), &by.token, body).await;
    assert_eq!(answer.status, 204, "{answer:?}");
}

async fn mute(server: &Server, by: &CreatedSession, who: &CreatedSession, room: Option<&RoomId>) -> u16 {
    server.post(&path(who, "mute"), &by.token, json!({ "minutes": 5, "room": room })).await.status
}

async fn unmute(server: &Server, by: &CreatedSession, who: &CreatedSession, room: Option<&RoomId>) -> u16 {
    let query = room.map(|room| format!("?room={room}")).unwrap_or_default();
    server.delete(&format!("{}{query}", path(who, "mute")), &by.token).await.status
}

/// Sends a message; returns the code and delay of a refusal.
async fn send(client: &mut Client, room: &RoomId) -> Option<(String, Option<u64>)> {
    client.say(&message_to(room, "hello")).await;
    client
        .until(|frame| match frame {
            ServerFrame::Ack { .. } => Some(None),
            ServerFrame::Refused { code, retry_after_ms, .. } => Some(Some((code.clone(), *retry_after_ms))),
            _ => None,
        })
        .await
}

async fn refusal(client: &mut Client, room: &RoomId) -> Option<String> {
    send(client, room).await.map(|(code, _)| code)
}

async fn new_room(server: &Server, who: &CreatedSession, kind: &str) -> RoomId {
    server.room(who, &Uuid::now_v7().to_string(), kind).await
}

/// The head of the lobby in the database.
async fn head(server: &Server, who: &CreatedSession) -> u64 {
    server.get(&who.token, "/api/rooms/lobby/events?limit=1").await.json::<EventPage>().await.unwrap().head
}

#[tokio::test]
async fn muted_users_can_read_but_not_send() {
    let server = Server::start().await;
    let (owner, ann, bob) = (server.owner("olga").await, server.account("ann").await, server.account("bob").await);
    let mia = server.with_role(&owner, "mia", "moderator").await;
    let (kitchen, lobby) = (new_room(&server, &ann, "public").await, RoomId::lobby());
    let (mut ann_live, mut bob_live) =
        (Client::greet(server.address, &ann).await, Client::greet(server.address, &bob).await);
    ann_live.join(kitchen.as_str(), None).await;
    bob_live.join(kitchen.as_str(), None).await;

    // In a room by its moderator.
    assert_eq!(mute(&server, &bob, &ann, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &ann, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &owner, Some(&kitchen)).await, 403);
    assert_eq!(mute(&server, &ann, &bob, Some(&lobby)).await, 403);
    assert_eq!(mute(&server, &ann, &bob, None).await, 403);
    assert_eq!(mute(&server, &ann, &bob, Some(&"nowhere".into())).await, 404);
    assert_eq!(mute(&server, &ann, &bob, Some(&kitchen)).await, 204);
    let (code, wait) = send(&mut bob_live, &kitchen).await.unwrap();
    assert!(code == "muted" && (1..=300_000).contains(&wait.unwrap()), "{code} {wait:?}");
    assert_eq!(refusal(&mut bob_live, &lobby).await, None, "elsewhere they speak");
    // Typing is not delivered; reading works.
    bob_live.say(&ClientFrame::Typing { room: kitchen.clone() }).await;
    bob_live.say(&ClientFrame::Ping { at: 1 }).await;
    bob_live.until(|frame| matches!(frame, ServerFrame::Pong { .. }).then_some(())).await;
    ann_live.say(&ClientFrame::Ping { at: 1 }).await;
    ann_live
        .until(|frame| match frame {
            ServerFrame::Typing { .. } => panic!("{frame:?}"),
            ServerFrame::Pong { .. } => Some(()),
            _ => None,
        })
        .await;
    assert_eq!(refusal(&mut ann_live, &kitchen).await, None);
    assert_eq!(support::body(&bob_live.event().await), "hello");
    assert_eq!(server.get(&bob.token, &format!("/api/rooms/{kitchen}/messages")).await.status(), 200);
    // Rejoining does not lift the mute, and neither can the muted user.
    let membership = format!("/api/rooms/{kitchen}/members/{}", bob.user.id);
    assert_eq!(server.delete(&membership, &bob.token).await.status, 204);
    assert_eq!(refusal(&mut bob_live, &kitchen).await.as_deref(), Some("muted"));
    assert_eq!(unmute(&server, &bob, &bob, Some(&kitchen)).await, 403);
    assert_eq!(unmute(&server, &ann, &bob, Some(&kitchen)).await, 204);
    assert_eq!(unmute(&server, &ann, &bob, Some(&kitchen)).await, 404);
    assert_eq!(refusal(&mut bob_live, &kitchen).await, None);

    // Server moderators mute on the whole server, including room moderators.
    assert_eq!(mute(&server, &mia, &owner, None).await, 403);
    assert_eq!(mute(&server, &mia, &mia, None).await, 403);
    assert_eq!(mute(&server, &mia, &ann, None).await, 204);
    for room in [&kitchen, &lobby] {
        assert_eq!(refusal(&mut ann_live, room).await.as_deref(), Some("muted"));
    }
    for minutes in [0, 43_201] {
        assert_eq!(server.post(&path(&ann, "mute"), &mia.token, json!({ "minutes": minutes })).await.status, 400);
    }
    // Persists across a restart.
    let server = server.restart().await;
    let mut ann_live = Client::greet(server.address, &ann).await;
    assert_eq!(refusal(&mut ann_live, &lobby).await.as_deref(), Some("muted"));
    assert_eq!(unmute(&server, &mia, &ann, None).await, 204);
    assert_eq!(refusal(&mut ann_live, &lobby).await, None);
    server.stop().await;
}

#[tokio::test]
async fn every_moderation_action_is_audited() {
    let server = Server::start().await;
    let (owner, ann, bob) = (server.owner("olga").await, server.account("ann").await, server.account("bob").await);
    let (kitchen, attic) = (new_room(&server, &owner, "public").await, new_room(&server, &owner, "private").await);
    let before: AuditPage = server.get(&owner.token, "/api/audit").await.json().await.unwrap();
    ban(&server, &owner, &ann, json!({ "reason": "spam", "address": true })).await;
    assert_eq!(server.delete(&path(&ann, "ban"), &owner.token).await.status, 204);
    assert_eq!(mute(&server, &owner, &ann, None).await, 204);
    assert_eq!(unmute(&server, &owner, &ann, None).await, 204);
    assert_eq!(mute(&server, &owner, &ann, Some(&kitchen)).await, 204);
    for (room, name) in [(&kitchen, "Pantry"), (&attic, "Cellar")] {
        let here = format!("/api/rooms/{room}");
        let member = format!("{here}/members/{}", ann.user.id);
        assert_eq!(
            server.post(&format!("{here}/members"), &owner.token, json!({ "user": ann.user.id })).await.status,
            204
        );
        for (method, path, body) in [
            (Method::PATCH, &member, json!({ "moderator": true })),
            (Method::PATCH, &member, json!({ "moderator": false })),
            (Method::DELETE, &member, Value::Null),
            (Method::PATCH, &here, json!({ "name": name, "topic": "preserves" })),
            (Method::PATCH, &here, json!({ "archived": true })),
            (Method::PATCH, &here, json!({ "archived": false })),
        ] {
            assert_eq!(server.ask(method, path, &owner.token, body).await.status, 204, "{path}");
        }
    }
    // Own changes and refused ones are not audited.
    assert_eq!(
        server.post(&format!("/api/rooms/{kitchen}/members"), &bob.token, json!({ "user": bob.user.id })).await.status,
        204
    );
    assert_eq!(server.delete(&format!("/api/rooms/{kitchen}/members/{}", bob.user.id), &bob.token).await.status, 204);
    assert_eq!(mute(&server, &bob, &owner, None).await, 403);

    let all: AuditPage = server.get(&owner.token, "/api/audit?limit=200").await.json().await.unwrap();
    let new = &all.entries[..all.entries.len() - before.entries.len()];
    let acts: Vec<_> =
        new.iter().rev().map(|entry| (entry.act.as_str(), entry.room.clone(), entry.subject.is_some())).collect();
    let mut expected =
        vec![("banned", None, true), ("ban_lifted", None, true), ("muted", None, true), ("unmuted", None, true)];
    expected.push(("muted", Some(kitchen.clone()), true));
    for room in [&kitchen, &attic] {
        for (act, someone) in [
            ("member_added", true),
            ("room_moderator_appointed", true),
            ("room_moderator_dismissed", true),
            ("member_removed", true),
            ("room_renamed", false),
            ("room_archived", false),
            ("room_reopened", false),
        ] {
            expected.push((act, Some(room.clone()), someone));
        }
    }
    assert_eq!(acts, expected);
    assert!(new.iter().all(|entry| entry.actor.as_ref() == Some(&owner.user)));
    assert!(new.iter().all(|entry| entry.subject.as_ref().is_none_or(|subject| *subject == ann.user)));
    assert!((now() - 60_000..=now()).contains(&new[0].at));
    let details = new.last().unwrap().details.clone().unwrap();
    assert_eq!(details, json!({ "reason": "spam", "until": null, "address": true }));
    let text = serde_json::to_string(&all).unwrap();
    assert!(text.contains("Pantry") && !text.contains("Cellar"), "a private room's name is its members' alone");
    assert!(!text.contains("127.0.0.1") && !text.contains(&ann.token));

    // Pages contain the same entries.
    let (mut pages, mut cursor) = (Vec::new(), String::new());
    loop {
        let page: AuditPage =
            server.get(&owner.token, &format!("/api/audit?limit=4{cursor}")).await.json().await.unwrap();
        let Some(last) = page.entries.last() else { break };
        assert!(page.entries.len() <= 4);
        cursor = format!("&before={}", last.id);
        pages.extend(page.entries);
    }
    assert_eq!(pages, all.entries);
    assert_eq!(server.get(&owner.token, "/api/audit?before=x").await.status(), 400);
    let mut db = server.database().await;
    for change in ["DELETE FROM audit", "UPDATE audit SET act = 'nothing'"] {
        assert!(db.execute(change, &[]).await.is_err(), "{change}");
    }
    assert_eq!(server.get(&owner.token, "/api/audit?limit=200").await.json::<AuditPage>().await.unwrap(), all);
    server.stop().await;
}
