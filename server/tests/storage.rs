//! A full disk, and a restored older database.

use std::collections::BTreeMap;

use crate::support::{
    self, Client, FrameReader, Server, assert_gap_free, body, http_client,
    http_connection::{Requests, status_and_code},
    store::connect_sqlite,
    unlimited,
};
use parlor::{config::Config, store::sqlite::FILE_NAME};
use parlor_protocol::{
    ClientFrame, CommandId, Cursor, Event, GapReason, PROTOCOL_VERSION, RoomId, Seq, ServerFrame, Tail, error_code,
    http::{CreatedSession, EventPage},
};
use sqlx::{Connection, SqliteConnection};
use tempfile::TempDir;

async fn run(db: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql).execute(db).await.unwrap();
}

/// The whole log of the lobby.
async fn log(server: &Server, token: &str) -> Vec<Event> {
    let mut log: Vec<Event> = Vec::new();
    loop {
        let after = log.last().map_or(0, |event| event.seq);
        let page: EventPage =
            server.get(token, &format!("/api/rooms/lobby/events?after={after}")).await.json().await.unwrap();
        if page.events.is_empty() {
            assert_eq!(page.head, after);
            return log;
        }
        log.extend(page.events);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_refuses_writes_loses_nothing_and_recovers() {
    let temp = TempDir::new().unwrap();
    Server::start_on_sqlite(temp.path(), unlimited()).await.stop().await;
    let mut db = connect_sqlite(temp.path()).await;
    run(&mut db, "CREATE TABLE junk (data BLOB)").await;
    run(&mut db, "INSERT INTO junk VALUES (randomblob(3000000))").await;
    let pages: i64 = sqlx::query_scalar("PRAGMA page_count").fetch_one(&mut db).await.unwrap();
    let max_pages = Some(u32::try_from(pages).unwrap() + 60);
    let server = Server::start_on_sqlite(temp.path(), Config { max_pages, ..unlimited() }).await;

    let text = "what is said in a full house ".repeat(60);
    let mut writers = Vec::new();
    for n in 0..4 {
        let mut client = server.client(&format!("writer {n}")).await;
        let text = text.clone();
        writers.push(tokio::spawn(async move {
            let mut acked = BTreeMap::new();
            loop {
                let id = client.post(&text).await;
                let refused = client.until(|frame| match frame {
                    ServerFrame::Ack { id: acked, seq, .. } if *acked == id => Some(Ok(*seq)),
                    ServerFrame::Refused { id: Some(refused), code, retry_after_ms, .. }
                        if *refused == id.to_string() =>
                    {
                        Some(Err((code.clone(), *retry_after_ms)))
                    }
                    _ => None,
                });
                match refused.await {
                    Ok(seq) => assert!(acked.insert(id, seq).is_none() && acked.len() < 1_000),
                    Err(refusal) => return (client, acked, id, refusal),
                }
            }
        }));
    }
    let mut full = Vec::new();
    for writer in writers {
        full.push(writer.await.unwrap());
    }
    for (.., (code, retry_after_ms)) in &full {
        assert_eq!((code.as_str(), *retry_after_ms), (error_code::STORAGE_FULL, Some(5_000)));
    }
    // All other writes are refused the same way, once the remaining pages are used up.
    let token = full[0].0.token.clone();
    let until_full = async |path: &str, authorised: bool| {
        for n in 0..20_000 {
            let name = format!("{n:032}");
            let mut request =
                http_client().post(server.url(path)).json(&serde_json::json!({ "name": name, "kind": "public" }));
            if authorised {
                request = request.bearer_auth(&token);
            }
            let response = request.send().await.unwrap();
            if !response.status().is_success() {
                return status_and_code(response).await;
            }
        }
        panic!("never full");
    };
    let refused = (507, Some(error_code::STORAGE_FULL.to_owned()));
    assert_eq!(until_full("/api/session", false).await, refused);
    assert_eq!(until_full("/api/rooms", true).await, refused);

    // Reading works, and acked messages are stored.
    let before = log(&server, &token).await;
    assert_gap_free(&before);
    let acked: BTreeMap<_, _> = full.iter().flat_map(|(_, acked, ..)| acked.clone()).collect();
    assert!(acked.len() > 4, "{}", acked.len());
    assert_eq!(before.len(), acked.len(), "what was refused is not there");
    for event in &before {
        assert_eq!(acked.get(&event.id), Some(&event.seq));
    }

    // With free space, the same ids are accepted without a restart.
    run(&mut db, "DROP TABLE junk").await;
    for (client, _, id, _) in &mut full {
        client.post_as(*id, &text).await;
        let (seq, _) = client.acked(*id).await;
        assert!(seq > Seq::try_from(before.len()).unwrap());
    }
    let after = log(&server, &token).await;
    assert_gap_free(&after);
    assert_eq!(after.len(), before.len() + full.len());
    assert_eq!(after[..before.len()], before);
    server.stop().await;
}

/// The first of `joined` and `gap` for the lobby.
fn answer(frame: &ServerFrame) -> Option<Option<(GapReason, Seq, Seq)>> {
    match frame {
        ServerFrame::Joined { .. } => Some(None),
        ServerFrame::Gap { reason, after, head, .. } => Some(Some((*reason, *after, *head))),
        _ => None,
    }
}

async fn resumed(
    server: &Server,
    made: &CreatedSession,
    after: Seq,
    tail: Option<Tail>,
) -> (Client, Option<(GapReason, Seq, Seq)>) {
    let mut client = Client::connect(server.address, made).await;
    let resume = vec![Cursor { room: RoomId::lobby(), after: Some(after), tail }];
    client.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await;
    let answered = client.until(answer).await;
    (client, answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restoring_an_older_database_makes_clients_reload() {
    let temp = TempDir::new().unwrap();
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    let mut writer = server.client("writer").await;
    let writer_made = CreatedSession { token: writer.token.clone(), user: writer.user.clone() };
    let made = server.session("reader").await;
    let stream_requests = Requests::new(server.address, &made, Some("stream"));
    let mut stream = stream_requests.stream(None).await;
    stream_requests.hello(vec![support::http_connection::lobby(Some(0))]).await;
    for n in 1..=50 {
        writer.send(&format!("old {n}")).await;
    }
    let copy = temp.path().join("copy.db");
    let mut db = connect_sqlite(temp.path()).await;
    sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    for n in 51..=100 {
        writer.send(&format!("lost {n}")).await;
    }
    let held = log(&server, &made.token).await;
    assert_eq!(held.len(), 100);
    let tail = |seq: usize| Some(held[seq - 1].id.tail());
    while stream.event().await.seq < 100 {}
    let last_id = stream.last_id.clone().unwrap();
    assert_eq!(last_id, format!("lobby:100:{}", tail(100).unwrap().0));
    server.stop().await;

    for left_over in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(temp.path().join(format!("{FILE_NAME}{left_over}")));
    }
    std::fs::rename(&copy, temp.path().join(FILE_NAME)).unwrap();
    let server = Server::start_on_sqlite(temp.path(), unlimited()).await;
    // The cursor is beyond the head, with and without a tail.
    for tail in [tail(100), None] {
        let (_, answered) = resumed(&server, &made, 100, tail).await;
        assert_eq!(answered, Some((GapReason::HistoryChanged, 100, 50)));
    }
    let mut writer = Client::greet(server.address, &writer_made).await;
    for n in 51..=120 {
        writer.send(&format!("new {n}")).await;
    }
    // Then it is within another history; cursors older than the copy remain valid.
    for (after, expected) in [
        (100, Some((GapReason::HistoryChanged, 100, 120))),
        (51, Some((GapReason::HistoryChanged, 51, 120))),
        (50, None),
        (7, None),
    ] {
        let (_, answered) = resumed(&server, &made, after, tail(usize::try_from(after).unwrap())).await;
        assert_eq!(answered, expected, "{after}");
    }
    let (_, answered) = resumed(&server, &made, 121, None).await;
    assert_eq!(answered, Some((GapReason::HistoryChanged, 121, 120)));
    let mut stream = Requests::new(server.address, &made, Some("stream")).stream(Some(&last_id)).await;
    assert_eq!(stream.until(answer).await, Some((GapReason::HistoryChanged, 100, 120)));

    // Loading pages and joining at their head gives one consistent history.
    let (mut reader, answered) = resumed(&server, &made, 100, tail(100)).await;
    let (_, _, head) = answered.unwrap();
    let page = server.history(&made.token, "?limit=200").await;
    assert_eq!(page.head, head);
    assert_eq!(reader.join("lobby", Some(page.head)).await, head);
    let id: CommandId = writer.post("live").await;
    let live = reader.event().await;
    assert_eq!((live.seq, live.id), (head + 1, id));
    let bodies: Vec<_> = page.messages.iter().map(|message| message.body.clone()).collect();
    let expected: Vec<_> = (1..=50).map(|n| format!("old {n}")).chain((51..=120).map(|n| format!("new {n}"))).collect();
    assert_eq!(bodies, expected);
    let now = log(&server, &made.token).await;
    assert_gap_free(&now);
    assert_eq!(now[..50], held[..50]);
    assert_eq!(body(&now[120]), "live");
    server.stop().await;
}
