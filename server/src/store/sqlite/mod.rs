//! The embedded database: one SQLite file in the data folder, in WAL mode with `synchronous=FULL`.
//!
//! One connection writes ([`writer`]), a few read ([`reader`]). Ids are bound as the 16 bytes of their UUID.

use std::{collections::HashMap, fs::TryLockError, path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use parlor_protocol::{
    CommandId, RoomId, Seq, UserId,
    http::{EventPage, MessagePage},
};
use sqlx::{
    ConnectOptions, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::{Rooms, Store};
use crate::{
    clock,
    domain::{
        AuthenticatedUser, AuthorRange, CommitSink, Deletion, NewMessage, OnAppended, Page, SEEN_INTERVAL,
        SESSION_LIFETIME, StoreError, TokenHash,
    },
};
use cache::{Caches, KnownSession};
use marks::MarkJob;
use people::PeopleJob;
use restrictions::Restrictions;
use writer::Job;

mod access_revocation;
mod accounts;
mod append;
mod arrivals;
mod audit;
mod cache;
mod deletions;
mod error;
mod identity;
mod invites;
mod log;
mod making;
mod marks;
mod members;
mod mentions;
mod moderation;
mod moderation_store;
mod passwords;
mod people;
mod reader;
mod restrictions;
mod roles;
mod rooms;
mod rooms_store;
mod rows;
mod write_transaction;
mod writer;

/// The file in the data folder.
pub const FILE_NAME: &str = "parlor.db";

/// Held by the process that uses the folder: two would not hear of each other's events.
const LOCK_NAME: &str = "parlor.lock";

/// Commands that may wait for the writer. Beyond, senders wait: that is the back-pressure on clients.
const WRITE_QUEUE: usize = 4_096;

/// Connections that read. Each is a thread; more than a few only wait for the same disk.
const READERS: u32 = 4;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");

/// See the module.
pub struct SqliteStore {
    readers: SqlitePool,
    caches: Arc<Caches>,
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    sender: mpsc::WeakSender<Job>,
    writer: Mutex<Option<JoinHandle<()>>>,
    lock: std::fs::File,
}

impl SqliteStore {
    /// Opens the database in `folder`, makes it when there is none, and brings its schema up to date. When an older
    /// schema holds data, a snapshot is left beside the file first. It grows to at most `max_pages` pages, if given.
    ///
    /// # Errors
    /// The folder cannot be made or written, or the file is no database of ours.
    pub async fn open(
        folder: &Path,
        sink: Arc<dyn CommitSink>,
        max_pages: Option<u32>,
    ) -> Result<Arc<Self>, StoreError> {
        let unusable =
            |cause: std::io::Error| StoreError::Folder { path: folder.display().to_string(), cause: Arc::new(cause) };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let lock = std::fs::File::create(folder.join(LOCK_NAME)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(folder.display().to_string())),
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        let file = folder.join(FILE_NAME);
        let existed = file.exists();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5))
            .foreign_keys(true)
            // KiB, negative as SQLite wants it; for each connection.
            .pragma("cache_size", "-2048")
            // Pages (16 MiB): the last page of each room's log is written by commit after commit, and moved over once.
            .pragma("wal_autocheckpoint", "4000")
            .disable_statement_logging();
        let writing = match max_pages {
            Some(pages) => options.clone().pragma("max_page_count", pages.to_string()),
            None => options.clone(),
        };
        let mut connection = writing.connect().await?;
        if existed {
            snapshot_before_migration(&mut connection, folder).await?;
        }
        MIGRATIONS.run(&mut connection).await?;
        let readers = SqlitePoolOptions::new()
            .min_connections(1)
            .max_connections(READERS)
            .connect_with(options.create_if_missing(false).read_only(true))
            .await?;
        let (jobs, queue) = mpsc::channel(WRITE_QUEUE);
        let caches = Arc::<Caches>::default();
        *caches.restrictions.write() = Restrictions::load(&mut connection, clock::now()).await?.into();
        let writing = writing.create_if_missing(false);
        let writer = tokio::spawn(writer::run(writing, connection, queue, caches.clone(), sink));
        Ok(Arc::new(Self {
            readers,
            caches,
            sender: jobs.downgrade(),
            jobs: Mutex::new(Some(jobs)),
            writer: Mutex::new(Some(writer)),
            lock,
        }))
    }

    /// Hands a job to the writer.
    async fn submit(&self, job: Job) -> Result<(), StoreError> {
        let jobs = self.sender.upgrade().ok_or(StoreError::Closed)?;
        jobs.send(job).await.map_err(|_| StoreError::Closed)
    }

    /// Hands a job to the writer and waits for what became of it.
    async fn ask<T>(&self, job: impl FnOnce(oneshot::Sender<Result<T, StoreError>>) -> Job) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.submit(job(reply)).await?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn append(&self, message: NewMessage, done: OnAppended) {
        // A job that is refused is dropped, and says so itself.
        let _ = self.submit(Job::Append { message, done }).await;
    }

    async fn delete(&self, deletion: Deletion, done: OnAppended) {
        let _ = self.submit(Job::Delete { deletion, done }).await;
    }

    async fn session(&self, token: TokenHash) -> Result<Option<AuthenticatedUser>, StoreError> {
        let known = match self.caches.sessions.get(&token) {
            Ok(known) => known,
            Err(mark) => {
                let Some(known) = reader::session(&self.readers, token).await? else { return Ok(None) };
                self.caches.sessions.fill(mark, token, known.clone());
                known
            }
        };
        let now = clock::now();
        let unused = now.saturating_sub(known.seen_at);
        if unused > SESSION_LIFETIME {
            return Ok(None);
        }
        if unused > SEEN_INTERVAL {
            self.caches.sessions.change(&token, |known| Some(KnownSession { seen_at: now, ..known.clone() }));
            // Not waited for. When the writer has no time, it is noted another time.
            if let Some(jobs) = self.sender.upgrade() {
                let _ = jobs.try_send(Job::People(PeopleJob::Touch { token }));
            }
        }
        Ok(Some(known.signed_in))
    }

    async fn end_session(&self, token: TokenHash) -> Result<(), StoreError> {
        self.ask(|reply| Job::EndSession { token, reply }).await
    }

    async fn set_read(&self, room: &RoomId, user: UserId, seq: Seq) -> Result<(), StoreError> {
        // What is kept in memory is ahead of the disk for a moment, so it has to be there.
        self.memberships(user).await?;
        self.caches.change_mine(user, room, |mine| {
            mine.read = mine.read.max(seq);
            mine.unread_from = None;
        });
        self.submit(Job::Mark(MarkJob::Read { room: room.clone(), user, seq })).await
    }

    async fn set_unread_from(&self, room: &RoomId, user: UserId, seq: Seq) -> Result<(), StoreError> {
        self.memberships(user).await?;
        self.caches.change_mine(user, room, |mine| mine.unread_from = Some(seq));
        self.submit(Job::Mark(MarkJob::UnreadFrom { room: room.clone(), user, seq })).await
    }

    async fn written(&self, room: &RoomId, after: Seq, before: Seq) -> Result<AuthorRange, StoreError> {
        log::written(&self.readers, room, after, before).await
    }

    async fn members_by_name(&self, room: &RoomId, keys: &[String]) -> Result<HashMap<String, UserId>, StoreError> {
        mentions::members_by_name(&self.readers, room, keys).await
    }

    async fn messages(&self, room: &RoomId, page: Page, limit: u32) -> Result<MessagePage, StoreError> {
        log::messages(&self.readers, room, page, limit).await
    }

    async fn events(&self, room: &RoomId, after: Seq, limit: u32) -> Result<EventPage, StoreError> {
        log::events(&self.readers, room, after, limit).await
    }

    async fn event_id(&self, room: &RoomId, seq: Seq) -> Result<Option<CommandId>, StoreError> {
        log::event_id(&self.readers, room, seq).await
    }

    async fn close(&self) {
        drop(self.jobs.lock().await.take());
        if let Some(writer) = self.writer.lock().await.take() {
            // A writer that panicked has nothing left to finish.
            let _ = writer.await;
        }
        self.readers.close().await;
        // The system lets go of it in any case, at the latest when the process ends.
        let _ = self.lock.unlock();
    }
}

/// Leaves a copy of the database beside it when a migration is about to change one that holds data.
async fn snapshot_before_migration(connection: &mut sqlx::SqliteConnection, folder: &Path) -> Result<(), StoreError> {
    let known: Option<i64> = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_optional(&mut *connection)
        .await?;
    if known != Some(1) {
        return Ok(());
    }
    let newest: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&mut *connection).await?;
    let (Some(newest), Some(target)) = (newest, MIGRATIONS.iter().map(|step| step.version).max()) else {
        return Ok(());
    };
    if newest >= target {
        return Ok(());
    }
    let copy = folder.join(format!("parlor-before-{target:04}.db"));
    if !copy.exists() {
        tracing::warn!(copy = %copy.display(), "the schema is older than this version; keeping a snapshot first");
        sqlx::query("VACUUM INTO ?").bind(copy.display().to_string()).execute(connection).await?;
    }
    Ok(())
}

#[cfg(test)]
mod migration_tests;
