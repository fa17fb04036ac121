//! Deleted content is in no file of the data folder.

use std::path::Path;

use crate::support::{Client, PATIENCE, Server, people::PASSWORD, store::connect_sqlite, unlimited};
use parlor_protocol::{ClientFrame, CommandId, RoomId};
use reqwest::Method;
use serde_json::json;
use sqlx::Connection;
use tempfile::TempDir;
use uuid::Uuid;

const MARKER: &str = "xyzzymarker";

/// The names of the files that contain the marker.
fn files_with_marker(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let file = file.unwrap();
        // SQLite may delete the log meanwhile.
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        if bytes.windows(MARKER.len()).any(|bytes| bytes == MARKER.as_bytes()) {
            found.push(file.file_name().to_string_lossy().into_owned());
        }
    }
    found
}

async fn erased(folder: &Path) {
    let started = std::time::Instant::now();
    while !files_with_marker(folder).is_empty() {
        assert!(started.elapsed() < PATIENCE, "still in {:?}", files_with_marker(folder));
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn deleted_messages_are_gone_from_all_files() {
    let temp = TempDir::new().unwrap();
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    let ann = server.account("ann").await;
    let rooms =
        [RoomId::lobby(), server.room(&ann, "Kitchen", "public").await, server.room(&ann, "A", "private").await];
    let mut client = Client::greet(server.address, &ann).await;
    // Rows of all sizes, in turns, so that pages are split and have overflow pages.
    let mut messages = Vec::new();
    for n in 0..90 {
        let room = &rooms[n % rooms.len()];
        let text = format!("{MARKER} {} {MARKER}", "words ".repeat((n * 37) % 1_200));
        messages.push((room, client.say_in(room, &text).await.0));
        client.say_in(room, &"kept ".repeat(n + 1)).await;
        if n % 3 == 0 {
            let (id, message) = (CommandId(Uuid::now_v7()), messages[n].1);
            let body = format!("{MARKER} {}", "edited ".repeat((n * 53) % 900));
            client.decided(ClientFrame::Edit { id, room: room.clone(), message, body }).await.unwrap();
        }
    }
    assert!(!files_with_marker(&server.folder).is_empty(), "the search finds what is there");
    for (room, message) in messages {
        client.delete(room, message).await.unwrap();
    }
    erased(&server.folder).await;

    // The last one just before the stop.
    let (message, _) = client.say_in(&rooms[0], MARKER).await;
    client.delete(&rooms[0], message).await.unwrap();
    server.stop().await;
    assert_eq!(files_with_marker(temp.path()), [""; 0]);
}

#[tokio::test]
async fn a_reader_delays_erasure_but_no_message_and_the_next_start_makes_up_for_it() {
    let temp = TempDir::new().unwrap();
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    let mut ann = server.client("ann").await;
    let lobby = RoomId::lobby();
    let (message, _) = ann.say_in(&lobby, MARKER).await;
    let mut reader = connect_sqlite(temp.path()).await;
    let mut old_state = reader.begin().await.unwrap();
    let _: i64 = sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(&mut *old_state).await.unwrap();
    ann.delete(&lobby, message).await.unwrap();
    for n in 0..50 {
        ann.send(&format!("meanwhile {n}")).await;
    }
    server.stop().await;
    drop(old_state);
    // As after a crash: the log is still there.
    assert!(!files_with_marker(temp.path()).is_empty());
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    assert_eq!(files_with_marker(temp.path()), [""; 0]);
    reader.close().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_text_cannot_be_guessed_from_its_digest_and_its_id_stays_used() {
    let server = Server::start().await;
    let mut ann = server.client("ann").await;
    let lobby = RoomId::lobby();
    let (deleted, seq) = ann.say_in(&lobby, "1234").await;
    ann.say_in(&lobby, "kept").await;
    ann.delete(&lobby, deleted).await.unwrap();
    let mut db = server.database().await;
    let digests: Vec<(Vec<u8>,)> = db.rows("SELECT digest FROM event ORDER BY seq").await;
    assert_eq!(digests.iter().map(|(digest,)| *digest == [0; 16]).collect::<Vec<_>>(), [true, false, false]);
    let again = |id, room: &RoomId| ClientFrame::Send { id, room: room.clone(), body: "1234".into(), reply_to: None };
    assert_eq!(ann.decided(again(deleted, &lobby)).await, Ok(seq));
    let mut bob = server.client("bob").await;
    assert_eq!(bob.decided(again(deleted, &lobby)).await, Err("id_reused".into()));
    assert_eq!(ann.decided(again(CommandId(Uuid::now_v7()), &lobby)).await, Ok(4));
    server.stop().await;
}

#[tokio::test]
async fn a_deleted_account_is_gone_from_all_files() {
    let temp = TempDir::new().unwrap();
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    server.owner("olga").await;
    let ann = server.account(MARKER).await;
    assert!(!files_with_marker(&server.folder).is_empty());
    let answer = server.ask(Method::DELETE, "/api/me", &ann.token, json!({ "password": PASSWORD })).await;
    assert_eq!(answer.status, 204, "{answer:?}");
    erased(&server.folder).await;
    server.stop().await;
}
