//! `parlor migrate`: from SQLite to PostgreSQL, and the server that only reads meanwhile.

use std::{path::Path, process::Command};

use parlor::{
    config::Config,
    store::transfer::{Copied, Progress, TransferError, transfer},
};
use parlor_protocol::{
    ClientFrame, CommandId, RoomId, error_code,
    http::{CreatedSession, ErrorResponse},
};
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::support::{
    Client, Server, message_to,
    people::{PASSWORD, of_each_role},
    postgres::TestDatabase,
    unlimited,
};

struct Silent;

impl Progress for Silent {
    fn begin(&mut self, _: &'static str, _: u64, _: u64) {}

    fn advance(&mut self, _: u64) {}
}

/// Tells a test of each step.
struct Steps(mpsc::UnboundedSender<()>);

impl Progress for Steps {
    fn begin(&mut self, _: &'static str, _: u64, _: u64) {}

    fn advance(&mut self, _: u64) {
        let _ = self.0.send(());
    }
}

fn on_postgres(database: &TestDatabase) -> Config {
    Config { store: database.url().parse().unwrap(), ..unlimited() }
}

fn read_only() -> Config {
    Config { read_only: true, ..unlimited() }
}

async fn copy(folder: &Path, database: &TestDatabase) -> Result<Copied, TransferError> {
    transfer(folder, &database.address(), &mut Silent).await
}

/// What a server answers to these people: everything that is stored and can be read.
async fn answers(server: &Server, people: &[&CreatedSession], rooms: &[&RoomId]) -> Vec<String> {
    let mut paths: Vec<String> = ["me", "rooms", "people", "audit", "bans", "invites", "settings", "settings/picture"]
        .map(|path| format!("/api/{path}"))
        .into();
    for room in rooms {
        paths.extend(["messages", "events", "members"].map(|path| format!("/api/rooms/{room}/{path}?limit=200")));
    }
    let mut answers = Vec::new();
    for who in people {
        for path in &paths {
            let answer = server.get(&who.token, path).await;
            let status = answer.status();
            answers.push(format!("{} {path} {status} {}", who.user.name, answer.text().await.unwrap()));
        }
    }
    answers
}

fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

async fn send_many(client: &mut Client, count: usize) {
    let mut last = None;
    for n in 0..count {
        last = Some(client.post(&format!("message {n}")).await);
    }
    client.acked(last.unwrap()).await;
}

#[tokio::test]
async fn everything_is_copied_while_the_old_server_reads() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create().await);
    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let [olga, adam, mona, ann] = of_each_role(&server).await;
    let (guest, bad) = (server.session("小明").await, server.session("bad").await);
    let attic = server.room(&ann, "Attic", "private").await;
    server.add(&ann, &attic, &mona.user).await;
    let lobby = RoomId::lobby();
    let mut live = Client::in_lobby(server.address, &ann).await;
    let (secret, _) = live.say_in(&lobby, "a secret for @Mona").await;
    live.say_in(&lobby, "for @Mona and @小明: 你好, مرحبا, 🎉").await;
    live.say_in(&attic, "```rust\nfn main() {}\n```").await;
    live.delete(&lobby, secret).await.unwrap();
    // The word by which the store marks deleted messages, said by someone.
    let (word, _) = live.say_in(&attic, "removed").await;
    for frame in [
        ClientFrame::Edit { id: new_id(), room: attic.clone(), message: word, body: "voided".into() },
        ClientFrame::React { id: new_id(), room: attic.clone(), message: word, emoji: "👍".into(), on: true },
        ClientFrame::React { id: new_id(), room: attic.clone(), message: word, emoji: "👎".into(), on: true },
        ClientFrame::React { id: new_id(), room: attic.clone(), message: word, emoji: "👎".into(), on: false },
    ] {
        live.decided(frame).await.unwrap();
    }
    let (edited, _) = live.say_in(&attic, "one").await;
    let change = ClientFrame::Edit { id: new_id(), room: attic.clone(), message: edited, body: "two".into() };
    live.decided(change).await.unwrap();
    live.delete(&attic, edited).await.unwrap();
    server.invite(&olga, json!({ "role": "moderator", "uses": 3 })).await;
    let path = |who: &CreatedSession, what: &str| format!("/api/people/{}/{what}", who.user.id);
    assert_eq!(server.post(&path(&bad, "ban"), &mona.token, json!({ "reason": "spam" })).await.status, 204);
    assert_eq!(server.post(&path(&guest, "mute"), &mona.token, json!({ "minutes": 60 })).await.status, 204);
    let named = json!({ "name": "Parlour" });
    assert_eq!(server.ask(reqwest::Method::PATCH, "/api/settings", &olga.token, named).await.status, 200);
    drop(live);

    assert!(matches!(copy(folder.path(), &database).await, Err(TransferError::SourceInUse)));
    server.stop().await;
    let old = Server::start_on_sqlite(folder.path(), read_only()).await;
    let (people, rooms) = ([&olga, &adam, &mona, &ann, &guest, &bad], [&lobby, &attic]);
    let before = answers(&old, &people, &rooms).await;
    let copied = copy(folder.path(), &database).await.unwrap();
    assert_eq!((copied.rooms, copied.events), (2, 13));
    old.stop().await;

    let new = Server::start_on(database.url(), TempDir::new().unwrap().path(), unlimited()).await;
    assert_eq!(answers(&new, &people, &rooms).await, before);
    assert!(new.first_secret().is_none(), "there is an owner");
    assert_eq!(new.sign_in("Ann").await.user, ann.user);
    // Who was muted still is, and the logs go on.
    let mut live = Client::in_lobby(new.address, &guest).await;
    live.say(&message_to(&lobby, "hello")).await;
    assert_eq!(live.refusal().await, error_code::MUTED);
    let mut live = Client::in_lobby(new.address, &ann).await;
    assert_eq!(live.say_in(&lobby, "after the move").await.1, 4);
    let reason = json!({ "minutes": 5 });
    assert_eq!(new.post(&path(&guest, "mute"), &mona.token, reason).await.status, 204, "the audit log goes on");
    drop(live);
    new.stop().await;
    assert!(matches!(copy(folder.path(), &database).await, Err(TransferError::Complete)));
    database.remove().await;
}

#[tokio::test]
async fn a_copy_that_was_stopped_goes_on_and_finds_what_has_changed() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create().await);
    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let (ann, bob) = (server.session("ann").await, server.session("bob").await);
    let (lobby, attic) = (RoomId::lobby(), server.room(&ann, "Attic", "public").await);
    let mut live = Client::in_lobby(server.address, &ann).await;
    let (message, _) = live.say_in(&lobby, "to be deleted, @bob").await;
    send_many(&mut live, 6_000).await;
    drop(live);
    server.stop().await;

    let (told, mut steps) = mpsc::unbounded_channel();
    let (address, mut progress) = (database.address(), Steps(told));
    tokio::select! {
        biased;
        _ = steps.recv() => {}
        result = transfer(folder.path(), &address, &mut progress) => panic!("it was not stopped: {result:?}"),
    }
    let mut db = database.connect().await;
    let begun: i64 = sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(&mut db).await.unwrap();
    assert!((2_000..6_000).contains(&begun), "{begun} of 6,001");
    let refused = parlor::start(Config { data: folder.path().join("new"), ..on_postgres(&database) }).await;
    let error = refused.err().unwrap().to_string();
    assert!(error.contains("parlor migrate"), "{error}");

    // The old server writes again meanwhile: into what was copied, and after it.
    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    live.delete(&lobby, message).await.unwrap();
    live.say_in(&attic, "new").await;
    drop(live);
    assert_eq!(server.delete("/api/session", &bob.token).await.status, 204);
    server.stop().await;
    let old = Server::start_on_sqlite(folder.path(), read_only()).await;
    let before = answers(&old, &[&ann, &bob], &[&lobby, &attic]).await;
    assert_eq!(copy(folder.path(), &database).await.unwrap().events, 6_003);
    old.stop().await;
    let new = Server::start_on(database.url(), TempDir::new().unwrap().path(), unlimited()).await;
    assert_eq!(answers(&new, &[&ann, &bob], &[&lobby, &attic]).await, before);
    let events: i64 = sqlx::query_scalar("SELECT count(*) FROM event").fetch_one(&mut db).await.unwrap();
    assert_eq!(events, 6_003);
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM event WHERE body LIKE 'to be deleted%'")
        .fetch_one(&mut db)
        .await
        .unwrap();
    assert_eq!(left, 0);
    new.stop().await;
    drop(db);
    database.remove().await;
}

#[tokio::test]
async fn a_database_that_is_in_use_is_not_overwritten() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create().await);
    Server::start_on_sqlite(folder.path(), unlimited()).await.stop().await;
    let other = Server::start_on(database.url(), &folder.path().join("other"), unlimited()).await;
    let ann = other.session("ann").await;
    assert!(copy(folder.path(), &database).await.unwrap_err().to_string().contains("in use by another parlor"));
    let other_folder = other.folder.clone();
    other.stop().await;
    assert!(matches!(copy(folder.path(), &database).await, Err(TransferError::TargetInUse)));
    let other = Server::start_on(database.url(), &other_folder, unlimited()).await;
    assert_eq!(other.who(&ann.token).await, 200);
    other.stop().await;
    database.remove().await;
}

#[tokio::test]
async fn a_read_only_server_stores_nothing_and_says_so() {
    let folder = TempDir::new().unwrap();
    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let ann = server.account("Ann").await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    live.send("before").await;
    drop(live);
    server.stop().await;

    let server = Server::start_on_sqlite(folder.path(), read_only()).await;
    assert_eq!(server.history(&ann.token, "").await.messages.len(), 1);
    for (path, body) in [
        ("/api/session", json!({ "name": "bob" })),
        ("/api/accounts", json!({ "name": "Bob", "password": PASSWORD })),
        ("/api/sign-in", json!({ "name": "Ann", "password": PASSWORD })),
    ] {
        let answer = server.post(path, "", body).await;
        let error = answer.of::<ErrorResponse>().error;
        assert_eq!((answer.status, error.code.as_str()), (503, error_code::UNAVAILABLE), "{path}");
        assert!(error.message.contains("is being moved"), "{path}: {}", error.message);
    }
    // The client keeps the message and sends it again, with the same id.
    let mut live = Client::in_lobby(server.address, &ann).await;
    let id = CommandId(Uuid::now_v7());
    live.post_as(id, "meanwhile").await;
    assert_eq!(live.refusal().await, error_code::UNAVAILABLE);
    drop(live);
    // Another may read at the same time; none may write.
    let second = Server::start_on_sqlite(folder.path(), read_only()).await;
    let writing = parlor::start(Config { addr: ([127, 0, 0, 1], 0).into(), data: folder.path().into(), ..unlimited() });
    assert!(writing.await.err().unwrap().to_string().contains("in use by another parlor"));
    second.stop().await;
    server.stop().await;

    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    live.post_as(id, "meanwhile").await;
    assert_eq!(live.acked(id).await.0, 2);
    drop(live);
    server.stop().await;
}

#[tokio::test]
async fn the_command_copies_and_says_what_it_cannot() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create().await);
    let run = |from: String, to: String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        let output = command.args(["migrate", "--from", &from, "--to", &to]).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let source = format!("sqlite:{}", folder.path().display());
    let (done, said) = run(source.clone(), database.url());
    assert!(!done && said.contains("there is no database"), "{said}");
    let (done, said) = run(folder.path().display().to_string(), database.url());
    assert!(!done && said.contains("sqlite:PATH"), "{said}");
    let (done, said) = run(source.clone(), "sqlite".into());
    assert!(!done && said.contains("postgres://user@host/database"), "{said}");

    let server = Server::start_on_sqlite(folder.path(), unlimited()).await;
    let ann = server.session("ann").await;
    let mut live = Client::in_lobby(server.address, &ann).await;
    live.send("hello").await;
    drop(live);
    server.stop().await;
    let (done, said) = run(source.clone(), database.url());
    assert!(done && said.contains("1 events in 1 rooms") && said.contains("events: 0 of 1 rows"), "{said}");
    let (done, said) = run(source, database.url());
    assert!(!done && said.contains("already has a complete copy"), "{said}");
    database.remove().await;
}
