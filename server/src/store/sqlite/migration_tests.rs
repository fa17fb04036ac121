#![allow(clippy::unwrap_used)]
use std::{path::Path, sync::Arc};

use async_trait::async_trait;
use parlor_protocol::{CommandId, EventKind, RoomId, UserId};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::{
    super::{FILE_NAME, SqliteStore},
    *,
};
use crate::{
    domain::{AppendOutcome, Commit, CommitSink, LogCommand, LogCommandKind, Name, OnAppended, Page},
    store::{AccountStore, MessageStore, RoomStore, Store},
};

struct NoSink;

#[async_trait]
impl CommitSink for NoSink {
    async fn publish(&self, _: Commit) {}

    fn is_idle(&self) -> bool {
        true
    }

    async fn idle(&self) {}
}

/// A database as the first version left it, with one message in the lobby.
const OLD: &str = "
    INSERT INTO user VALUES (x'01000000000000000000000000000001', 'ann', 'guest', 1);
    INSERT INTO event VALUES ('lobby', 1, x'02000000000000000000000000000002', 5,
                              x'01000000000000000000000000000001', 'message', x'03');
    INSERT INTO message VALUES ('lobby', 1, x'02000000000000000000000000000002', 5,
                                x'01000000000000000000000000000001', 'hi', '<p>hi</p>', 1,
                                x'04000000000000000000000000000004');
    INSERT INTO member VALUES ('lobby', x'01000000000000000000000000000001', 0, 1);
    INSERT INTO session VALUES (x'01', x'01000000000000000000000000000001', 1);
    UPDATE room SET head = 1;
    CREATE TABLE junk (text TEXT); INSERT INTO junk VALUES ('xyzzy deleted long ago'); DROP TABLE junk;";

/// A database of the schema `version` with the rows of `sql`.
async fn create(folder: &Path, version: i64, sql: &'static str) {
    let options = SqliteConnectOptions::new().filename(folder.join(FILE_NAME)).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    let steps = MIGRATIONS.iter().filter(|step| step.version <= version).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(steps).run(&mut old).await.unwrap();
    sqlx::raw_sql(sql).execute(&mut old).await.unwrap();
    old.close().await.unwrap();
}

#[tokio::test]
async fn skeletons_of_older_names_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    let account = "INSERT INTO user (id, name, kind, role, created_at)
                   VALUES (x'01000000000000000000000000000001', 'Annie', 'account', 'member', 1);
                   INSERT INTO account (user, name, name_key, shown_key, password, created_at)
                   VALUES (x'01000000000000000000000000000001', 'bob', 'bob', 'annie', 'x', 1);";
    create(folder.path(), 10, account).await;
    let store = SqliteStore::open(folder.path(), Arc::new(NoSink), None).await.unwrap();
    for (name, is_taken) in [("Воb", true), ("аnnіе", true), ("bоbby", false)] {
        assert_eq!(store.is_name_taken(&Name::new(name.into()), None).await.unwrap(), is_taken, "{name}");
    }
    store.close().await;
}

#[tokio::test]
async fn an_older_database_is_brought_up_to_date_and_a_copy_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    create(folder.path(), 1, OLD).await;

    let store = SqliteStore::open(folder.path(), Arc::new(NoSink), None).await.unwrap();
    let page = store.messages(&RoomId::lobby(), UserId(Uuid::nil()), Page::Newest, 10).await.unwrap();
    assert_eq!((page.messages[0].body.as_str(), page.messages[0].html.as_str()), ("hi", "<p>hi</p>"));
    let reply_to = page.messages[0].reply_to;
    assert_eq!(reply_to.unwrap().0.as_bytes()[0], 4);
    let events = store.events(&RoomId::lobby(), 0, 10).await.unwrap().events;
    let id = events[0].id;
    let message =
        EventKind::Message { id, body: "hi".into(), html: "<p>hi</p>".into(), reply_to, mentions: Vec::new() };
    assert_eq!(events[0].event, message);
    store.close().await;

    let newest = MIGRATIONS.iter().map(|step| step.version).max().unwrap();
    let copy = folder.path().join(format!("parlor-before-{newest:04}.db"));
    assert!(!contains(&folder.path().join(FILE_NAME), "xyzzy") && contains(&copy, "<p>hi</p>"));
    let mut copy = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(copy)).await.unwrap();
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM message").fetch_one(&mut copy).await.unwrap();
    assert_eq!(kept, 1);
    copy.close().await.unwrap();

    // The copy has everything, so a deletion deletes it, before it is answered.
    let store = SqliteStore::open(folder.path(), Arc::new(NoSink), None).await.unwrap();
    let kind = LogCommandKind::Delete { message: id };
    let by = events[0].by.clone();
    let deletion = LogCommand { id: CommandId(Uuid::now_v7()), room: RoomId::lobby(), by: Arc::new(by), kind };
    let (done, outcome) = oneshot::channel();
    store.append(deletion, OnAppended::new(move |outcome| drop(done.send(outcome)))).await;
    assert!(matches!(outcome.await.unwrap(), Ok(AppendOutcome::Stored { seq: 2, .. })));
    let copies = std::fs::read_dir(folder.path()).unwrap().filter(|file| is_snapshot(&file.as_ref().unwrap().path()));
    assert_eq!(copies.count(), 0);
    store.close().await;
    assert!(!contains(&folder.path().join(FILE_NAME), "<p>hi</p>"));
}

#[tokio::test]
async fn members_are_counted_and_keys_of_guests_are_computed() {
    let folder = tempfile::tempdir().unwrap();
    // Keys as an earlier version computed them: in lower case, as far as SQLite knows letters.
    let guests = "
        INSERT INTO user (id, name, kind, role, created_at, guest_key) VALUES
            (x'01000000000000000000000000000001', 'ÉVA  Ł', 'guest', 'guest', 1, lower('ÉVA  Ł')),
            (x'02000000000000000000000000000001', 'Bob', 'guest', 'guest', 1, 'bob'),
            (x'03000000000000000000000000000001', 'Gone', 'guest', 'guest', 1, 'gone');
        INSERT INTO session (token_hash, user, created_at, id, seen_at) VALUES
            (x'01', x'01000000000000000000000000000001', 1, x'01', 9000000000000),
            (x'02', x'02000000000000000000000000000001', 1, x'02', 9000000000000);
        INSERT INTO member (room, user, read_seq, joined_at, role) VALUES
            ('lobby', x'01000000000000000000000000000001', 0, 1, 'member'),
            ('lobby', x'02000000000000000000000000000001', 0, 1, 'member'),
            ('lobby', x'03000000000000000000000000000001', 0, 1, 'member');";
    create(folder.path(), 11, guests).await;
    let store = SqliteStore::open(folder.path(), Arc::new(NoSink), None).await.unwrap();
    let (members, count) = store.members(&RoomId::lobby(), None, 10).await.unwrap();
    let names: Vec<_> = members.iter().map(|member| member.user.name.as_str()).collect();
    assert_eq!((names, count), (vec!["Bob", "ÉVA  Ł"], 2));
    store.close().await;
    let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME));
    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT guest_key FROM user ORDER BY id").fetch_all(&mut db).await.unwrap();
    assert_eq!(keys, ["éva ł", "bob", "gone"]);
}

fn contains(file: &Path, text: &str) -> bool {
    std::fs::read(file).unwrap().windows(text.len()).any(|bytes| bytes == text.as_bytes())
}

/// A database of the version before rooms had owners: rooms that ann created, with bob as moderator of the first; the
/// admin cem, who is banned; invites of ann, who is an owner of the server, and of cem.
const WITHOUT_OWNERS: &str = "
    INSERT INTO user (id, name, kind, role, created_at) VALUES
        (x'0a000000000000000000000000000001', 'ann', 'account', 'owner', 1),
        (x'0b000000000000000000000000000001', 'bob', 'account', 'member', 1),
        (x'0c000000000000000000000000000001', 'cem', 'account', 'admin', 1);
    INSERT INTO room (id, name, name_key, kind, created_at, created_by) VALUES
        ('kitchen', 'Kitchen', 'kitchen', 'public', 1, x'0a000000000000000000000000000001'),
        ('two', '', 'id:two', 'direct', 1, x'0a000000000000000000000000000001');
    INSERT INTO member (room, user, read_seq, joined_at, role) VALUES
        ('kitchen', x'0a000000000000000000000000000001', 0, 1, 'member'),
        ('kitchen', x'0b000000000000000000000000000001', 0, 1, 'moderator'),
        ('two', x'0a000000000000000000000000000001', 0, 1, 'member'),
        ('two', x'0b000000000000000000000000000001', 0, 1, 'member');
    INSERT INTO invite (token_hash, id, made_by, made_at, expires_at, role) VALUES
        (x'01', x'01', x'0a000000000000000000000000000001', 1, 9000000000000, 'admin'),
        (x'02', x'02', x'0c000000000000000000000000000001', 1, 9000000000000, 'member'),
        (x'03', x'03', x'0c000000000000000000000000000001', 1, 9000000000000, 'admin');
    INSERT INTO ban (id, user, reason, made_by, made_at) VALUES
        (x'01', x'0c000000000000000000000000000001', 'spam', x'0a000000000000000000000000000001', 1);
    INSERT INTO session (token_hash, user, created_at) VALUES
        (x'01', x'0a000000000000000000000000000001', 1), (x'02', x'0c000000000000000000000000000001', 1);";

#[tokio::test]
async fn creators_of_rooms_become_their_owners() {
    let folder = tempfile::tempdir().unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join(FILE_NAME)).create_if_missing(true);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    let before = MIGRATIONS.iter().filter(|step| step.version < 5).cloned().collect();
    sqlx::migrate::Migrator::with_migrations(before).run(&mut old).await.unwrap();
    sqlx::raw_sql(WITHOUT_OWNERS).execute(&mut old).await.unwrap();
    old.close().await.unwrap();
    SqliteStore::open(folder.path(), Arc::new(NoSink), None).await.unwrap().close().await;

    let mut db = SqliteConnection::connect_with(&options).await.unwrap();
    let roles: Vec<String> =
        sqlx::query_scalar("SELECT role FROM member ORDER BY room, user").fetch_all(&mut db).await.unwrap();
    assert_eq!(roles, ["owner", "moderator", "member", "member"]);
    let valid: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT id FROM invite WHERE revoked_at IS NULL").fetch_all(&mut db).await.unwrap();
    assert_eq!(valid, [[1]], "those of somebody banned are void, and for a role that cem could not assign");
    let ended: Vec<bool> =
        sqlx::query_scalar("SELECT ended_by_ban FROM session ORDER BY token_hash").fetch_all(&mut db).await.unwrap();
    assert_eq!(ended, [false, true]);
}
