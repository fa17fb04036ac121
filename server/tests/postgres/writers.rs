//! Stores on one database, as servers that write at the same time have them.

use std::{collections::HashMap, sync::Arc};

use async_trait::async_trait;
use parking_lot::Mutex;
use parlor::{
    domain::{
        AppendOutcome, Commit, CommitSink, LogCommand, LogCommandKind, Name, NewSession, OnAppended, StoreError,
        TokenHash,
    },
    store::{
        AccountStore, MessageStore,
        postgres::{DatabaseAddress, PostgresStore, Sharing},
    },
};
use parlor_protocol::{CommandId, Event, RoomId, Seq, User};
use sqlx::PgConnection;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::support::{eventually, postgres::TestDatabase};

/// A store, and what it has published.
#[derive(Clone)]
pub(super) struct Writer {
    pub(super) store: Arc<PostgresStore>,
    published: Arc<Published>,
}

#[derive(Default)]
struct Published(Mutex<Vec<Event>>);

#[async_trait]
impl CommitSink for Published {
    async fn publish(&self, commit: Commit) {
        self.0.lock().extend(commit.events);
    }

    fn is_idle(&self) -> bool {
        true
    }

    async fn idle(&self) {}
}

impl Writer {
    pub(super) async fn open(database: &TestDatabase) -> Self {
        Self::open_at(&database.address()).await
    }

    pub(super) async fn open_at(address: &DatabaseAddress) -> Self {
        Self::try_open(address, Sharing::Shared).await.unwrap()
    }

    pub(super) async fn try_open(address: &DatabaseAddress, sharing: Sharing) -> Result<Self, StoreError> {
        let published = Arc::<Published>::default();
        let store = PostgresStore::open(address, 2, sharing, published.clone()).await?;
        Ok(Self { store, published })
    }

    pub(super) async fn guest(&self, name: &str) -> User {
        let mut token = [0; 32];
        token[..16].copy_from_slice(Uuid::now_v7().as_bytes());
        let session = NewSession { token: TokenHash(token), device: None, address: None };
        let name = Some(Name::new(name.into()));
        self.store.create_guest(name, session, Arc::new(|_, _| false)).await.unwrap().unwrap()
    }

    pub(super) async fn try_append(
        &self,
        id: CommandId,
        room: &RoomId,
        by: &User,
    ) -> Result<AppendOutcome, StoreError> {
        let (answer, outcome) = oneshot::channel();
        let kind = LogCommandKind::Send {
            body: "hello".into(),
            html: "<p>hello</p>".into(),
            html_version: 1,
            reply_to: None,
            mentions: Vec::new(),
        };
        let done = OnAppended::new(move |result| drop(answer.send(result)));
        self.store.append(LogCommand { id, room: room.clone(), by: Arc::new(by.clone()), kind }, done).await;
        outcome.await.unwrap()
    }

    /// Appends a message, and again until it is answered with an outcome, as clients do.
    pub(super) async fn append(&self, id: CommandId, room: &RoomId, by: &User) -> AppendOutcome {
        loop {
            match self.try_append(id, room, by).await {
                Ok(outcome) => return outcome,
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
            }
        }
    }

    pub(super) async fn send(&self, room: &RoomId, by: &User) -> AppendOutcome {
        self.append(new_id(), room, by).await
    }

    /// What was published of a room.
    pub(super) fn published(&self, room: &RoomId) -> Vec<Event> {
        self.published.0.lock().iter().filter(|event| event.room == *room).cloned().collect()
    }

    /// The log of a room.
    pub(super) async fn log(&self, room: &RoomId) -> Vec<Event> {
        self.store.events(room, 0, 100_000).await.unwrap().events
    }
}

pub(super) fn new_id() -> CommandId {
    CommandId(Uuid::now_v7())
}

pub(super) fn stored(outcome: AppendOutcome) -> Seq {
    match outcome {
        AppendOutcome::Stored { seq, .. } => seq,
        other => panic!("{other:?}"),
    }
}

/// Checks that the events are all events of a room, and each once.
pub(super) fn assert_whole(events: &[Event], ids: &[CommandId]) {
    let seqs: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, (1..=u64::try_from(ids.len()).unwrap()).collect::<Vec<_>>());
    let places: HashMap<_, _> = events.iter().map(|event| (event.id, event.seq)).collect();
    assert!(ids.iter().all(|id| places.contains_key(id)), "a command is missing");
}

/// Waits until so many connections wait for a lock.
pub(super) async fn waits_for_lock(observer: &mut PgConnection, connections: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("a transaction waits", async || {
        sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut *observer).await.unwrap() == connections
    })
    .await;
}
