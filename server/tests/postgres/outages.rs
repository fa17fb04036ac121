//! Connections to the database that are lost.

use std::time::Duration;

use parlor::{
    config::{Config, StoreAddress},
    store::MessageStore,
};
use parlor_protocol::{Event, RoomId, ServerFrame, error_code};
use tempfile::TempDir;

use super::{
    proxy::{Cut, Proxy},
    writers::{Writer, assert_whole, new_id, stored},
};
use crate::support::{FrameReader, Server, eventually, http_client, postgres::TestDatabase, unlimited};

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_published_once() {
    let database = TestDatabase::create().await;
    let proxy = Proxy::start(&database).await;
    let writer = Writer::open_at(&proxy.url(&database).parse().unwrap()).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    let mut ids = Vec::new();
    for cut in [Cut::AfterCommit, Cut::BeforeCommit, Cut::AfterCommit, Cut::AfterCommit] {
        proxy.cut_next(cut);
        ids.push(new_id());
        let outcome = writer.try_append(ids[ids.len() - 1], &lobby, &ann).await.unwrap();
        assert_eq!(stored(outcome), u64::try_from(ids.len()).unwrap(), "{cut:?}");
    }
    // A write with a result, whose guest is created once.
    proxy.cut_next(Cut::AfterCommit);
    let bob = writer.guest("bob").await;
    let named: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE id = $1 OR name = 'bob'")
        .bind(bob.id.0)
        .fetch_one(&mut database.connect().await)
        .await
        .unwrap();
    assert_eq!(named, 1);
    let log = writer.log(&lobby).await;
    assert_whole(&log, &ids);
    assert_eq!(writer.published(&lobby), log);
    database.remove().await;
}

#[tokio::test]
async fn a_commit_is_published_when_the_database_is_back() {
    let database = TestDatabase::create().await;
    let proxy = Proxy::start(&database).await;
    let writer = Writer::open_at(&proxy.url(&database).parse().unwrap()).await;
    let (ann, lobby, id) = (writer.guest("ann").await, RoomId::lobby(), new_id());
    proxy.cut_next(Cut::AfterCommit);
    let send = tokio::spawn({
        let (writer, lobby, ann) = (writer.clone(), lobby.clone(), ann.clone());
        async move { writer.try_append(id, &lobby, &ann).await }
    });
    let mut observer = database.connect().await;
    eventually("it is committed", async || {
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM event").fetch_one(&mut observer).await.unwrap() == 1
    })
    .await;
    // Long enough that the sender is told that it failed; it may have been answered just before.
    proxy.set_works(false);
    let answer = send.await.unwrap();
    let was_unanswered = answer.is_err();
    proxy.set_works(true);
    eventually("it is published", async || writer.published(&lobby).len() == 1).await;
    // The sender tries again, and gets the same place.
    assert_eq!(stored(writer.append(id, &lobby, &ann).await), 1);
    assert_eq!(writer.published(&lobby), writer.log(&lobby).await);
    assert!(was_unanswered || answer.is_ok_and(|outcome| stored(outcome) == 1));
    database.remove().await;
}

#[tokio::test]
async fn connections_that_are_ended_at_any_time_lose_and_double_nothing() {
    const SENDERS: usize = 8;
    const SENDS: usize = 40;
    let database = TestDatabase::create().await;
    let writer = Writer::open(&database).await;
    let (ann, lobby) = (writer.guest("ann").await, RoomId::lobby());
    let senders: Vec<_> = (0..SENDERS)
        .map(|_| {
            let (writer, lobby, ann) = (writer.clone(), lobby.clone(), ann.clone());
            tokio::spawn(async move {
                let mut ids = Vec::new();
                for _ in 0..SENDS {
                    let id = new_id();
                    stored(writer.append(id, &lobby, &ann).await);
                    ids.push(id);
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                ids
            })
        })
        .collect();
    let mut administrator = database.connect().await;
    let (mut ended, mut known) = (0, 0);
    while !senders.iter().all(|sender| sender.is_finished()) {
        tokio::time::sleep(Duration::from_millis(u64::from(rand::random::<u8>() % 16))).await;
        // Not before something was stored since the last time: on a busy machine it would never be.
        let published = writer.published(&lobby).len();
        if published == known {
            continue;
        }
        known = published;
        ended += sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE datname = current_database() AND application_name = 'parlor'",
        )
        .fetch_all(&mut administrator)
        .await
        .unwrap()
        .len();
    }
    assert!(ended > 5, "{ended}");
    let mut ids = Vec::new();
    for sender in senders {
        ids.extend(sender.await.unwrap());
    }
    eventually("the last ones are published", async || writer.published(&lobby).len() >= ids.len()).await;
    let mut log = None;
    eventually("a read succeeds", async || {
        log = try_log(&writer, &lobby).await;
        log.is_some()
    })
    .await;
    let log = log.unwrap();
    assert_whole(&log, &ids);
    assert_eq!(writer.published(&lobby), log);
    database.remove().await;
}

/// The log, unless the connection that reads it was just ended.
async fn try_log(writer: &Writer, room: &RoomId) -> Option<Vec<Event>> {
    writer.store.events(room, 0, 100_000).await.ok().map(|page| page.events)
}

#[tokio::test]
async fn without_the_database_connections_stay_and_messages_are_refused_for_now() {
    let database = TestDatabase::create().await;
    let proxy = Proxy::start(&database).await;
    let folder = TempDir::new().unwrap();
    let server = Server::start_on(proxy.url(&database), folder.path(), unlimited()).await;
    let (mut ann, mut bob) = (server.client("ann").await, server.client("bob").await);
    ann.send("before").await;
    assert_eq!(ready(&server).await.0, 200);
    proxy.set_works(false);
    let id = ann.post("while it is away").await;
    assert_eq!(ann.refusal().await, error_code::UNAVAILABLE);
    let (status, text) = ready(&server).await;
    assert_eq!(status, 503);
    assert!(text.contains("PostgreSQL") && text.contains("last failure: "), "{text}");
    proxy.set_works(true);
    // The client keeps the message, and sends it again.
    let seq = loop {
        ann.post_as(id, "while it is away").await;
        let answer = ann
            .until(|frame| match frame {
                ServerFrame::Ack { seq, .. } => Some(Ok(*seq)),
                ServerFrame::Refused { code, .. } => Some(Err(code.clone())),
                _ => None,
            })
            .await;
        match answer {
            Ok(seq) => break seq,
            Err(code) => assert_eq!(code, error_code::UNAVAILABLE),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    // Both have the connections that they had before.
    assert_eq!(bob.events_to(seq).await.last().unwrap().id, id);
    assert_eq!(server.connections(), 2);
    eventually("it is ready", async || ready(&server).await.0 == 200).await;
    server.stop().await;
    database.remove().await;
}

async fn ready(server: &Server) -> (u16, String) {
    let answer = http_client().get(server.url("/readyz")).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_server_needs_its_database_to_start() {
    let database = TestDatabase::create().await;
    let proxy = Proxy::start(&database).await;
    proxy.set_works(false);
    let Ok(store): Result<StoreAddress, _> = proxy.url(&database).parse();
    let config = Config { store, addr: ([127, 0, 0, 1], 0).into(), ..Config::default() };
    let error = parlor::start(config).await.err().unwrap().to_string();
    assert!(error.contains("cannot open the database"), "{error}");
    database.remove().await;
}
