//! The browser's database (IndexedDB): JSON texts by key, in one object store for each kind. A write is answered when its
//! transaction is committed.

use std::{
    cell::{Cell, RefCell},
    future::{Future, IntoFuture as _},
    pin::pin,
    rc::Rc,
};

use futures::{
    channel::oneshot,
    future::{Either, select},
};
use idb::{
    Database, DatabaseEvent as _, Error, Event as _, Factory, KeyRange, ObjectStore, ObjectStoreParams, Request as _,
};
use idb::{TransactionMode, event::VersionChangeEvent};
use leptos::task::spawn_local;
use wasm_bindgen::JsValue;

use crate::clock;

/// This browser has no database, does not let the page use it, or does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUnavailable;

/// How long to wait for the database, in milliseconds.
const TIMEOUT_MS: u32 = 5_000;
/// How long it is not used after a timeout, in milliseconds.
const RETRY_AFTER_MS: i64 = 30_000;

const NAME: &str = "parlor";

type Migration = fn(&Database) -> Result<(), Error>;

/// One migration for each version of the database. A change of the stores or of what they contain is a new one at the end.
const MIGRATIONS: [Migration; 2] = [create_stores, allow_edits];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Unsent messages, by id.
    Outbox,
    /// The newest messages of rooms, by user and room.
    History,
    /// The last user and their rooms.
    LastSession,
}

impl Store {
    const fn name(self) -> &'static str {
        match self {
            Self::Outbox => "outbox",
            Self::History => "history",
            Self::LastSession => "scene",
        }
    }
}

fn create_stores(database: &Database) -> Result<(), Error> {
    for store in [Store::Outbox, Store::History, Store::LastSession] {
        database.create_object_store(store.name(), ObjectStoreParams::new())?;
    }
    Ok(())
}

/// The outbox has edits since. Builds before that would send them as new messages, so they must not open it any more; what
/// they have stored stays.
#[allow(clippy::unnecessary_wraps)]
const fn allow_edits(_: &Database) -> Result<(), Error> {
    Ok(())
}

thread_local! {
    static OPEN: RefCell<Option<Rc<Database>>> = const { RefCell::new(None) };
    /// After a timeout the database is not used before this time, on the monotonic clock.
    static UNAVAILABLE_UNTIL: Cell<i64> = const { Cell::new(0) };
}

/// A request for one store. All have one type of answer, so that what is around them is compiled once.
enum Request {
    Put { key: String, text: String },
    Get { key: String },
    GetAll,
    Delete { key: String },
    DeletePrefix { prefix: String },
}

impl Request {
    const fn mode(&self) -> TransactionMode {
        match self {
            Self::Get { .. } | Self::GetAll => TransactionMode::ReadOnly,
            Self::Put { .. } | Self::Delete { .. } | Self::DeletePrefix { .. } => TransactionMode::ReadWrite,
        }
    }

    /// Returns the texts that were read.
    async fn send(&self, entries: &ObjectStore) -> Result<Vec<String>, Error> {
        let mut read = Vec::new();
        match self {
            Self::Put { key, text } => {
                entries.put(&text.into(), Some(&key.into()))?.await?;
            }
            Self::Get { key } => read.extend(entries.get(JsValue::from(key))?.await?),
            Self::GetAll => read = entries.get_all(None, None)?.await?,
            Self::Delete { key } => entries.delete(JsValue::from(key))?.await?,
            Self::DeletePrefix { prefix } => {
                let (first, last) = (JsValue::from(prefix), JsValue::from([prefix.as_str(), "\u{ffff}"].concat()));
                entries.delete(KeyRange::bound(&first, &last, None, None)?)?.await?;
            }
        }
        Ok(read.into_iter().filter_map(|text| text.as_string()).collect())
    }
}

/// Stores a text, replacing the one under the same key.
pub async fn put(store: Store, key: &str, text: &str) -> Result<(), StorageUnavailable> {
    request(store, Request::Put { key: key.to_owned(), text: text.to_owned() }).await.map(drop)
}

pub async fn get(store: Store, key: &str) -> Result<Option<String>, StorageUnavailable> {
    Ok(request(store, Request::Get { key: key.to_owned() }).await?.pop())
}

/// All texts of a store, in the order of their keys.
pub async fn get_all(store: Store) -> Result<Vec<String>, StorageUnavailable> {
    request(store, Request::GetAll).await
}

pub async fn delete(store: Store, key: &str) -> Result<(), StorageUnavailable> {
    request(store, Request::Delete { key: key.to_owned() }).await.map(drop)
}

/// Deletes all entries whose keys begin with a text.
pub async fn delete_prefix(store: Store, prefix: &str) -> Result<(), StorageUnavailable> {
    request(store, Request::DeletePrefix { prefix: prefix.to_owned() }).await.map(drop)
}

/// Sends a request in a transaction of its own.
async fn request(store: Store, request: Request) -> Result<Vec<String>, StorageUnavailable> {
    if cfg!(not(feature = "browser")) {
        return Err(StorageUnavailable);
    }
    with_timeout(async move {
        let known = OPEN.with_borrow(Clone::clone);
        if let Some(database) = known
            // The browser may have closed it, because the disk is full or the site's data were cleared.
            && let Ok(read) = transact(&database, store, &request).await
        {
            return Ok(read);
        }
        let database = Rc::new(open().await?);
        OPEN.set(Some(database.clone()));
        transact(&database, store, &request).await
    })
    .await
}

/// A database that hangs must not keep messages from being sent. The request itself goes on: IndexedDB cannot cancel it, and
/// its late events still need the callbacks.
async fn with_timeout<T: 'static>(
    request: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<T, StorageUnavailable> {
    if clock::monotonic() < UNAVAILABLE_UNTIL.get() {
        return Err(StorageUnavailable);
    }
    let (sender, receiver) = oneshot::channel();
    spawn_local(async move {
        let _ = sender.send(request.await);
    });
    match select(receiver, pin!(clock::sleep(TIMEOUT_MS))).await {
        Either::Left((Ok(result), _)) => result.map_err(|_| StorageUnavailable),
        Either::Left((Err(_), _)) => Err(StorageUnavailable),
        Either::Right(_) => {
            UNAVAILABLE_UNTIL.set(clock::monotonic() + RETRY_AFTER_MS);
            Err(StorageUnavailable)
        }
    }
}

async fn transact(database: &Database, store: Store, request: &Request) -> Result<Vec<String>, Error> {
    let transaction = database.transaction(&[store.name()], request.mode())?;
    let entries = transaction.object_store(store.name())?;
    // Listens before the request is made, so that the end of the transaction cannot be missed.
    let committed = transaction.into_future();
    let read = request.send(&entries).await;
    // A request that succeeded is not on disk before its transaction is committed. After one that failed, as when the browser
    // clears the site's data, the transaction still ends, and its callbacks must be there.
    let is_committed = committed.await?.is_committed();
    let read = read?;
    if is_committed { Ok(read) } else { Err(Error::EventTargetNotFound) }
}

async fn open() -> Result<Database, Error> {
    let version = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let mut request = Factory::new()?.open(NAME, Some(version))?;
    request.on_upgrade_needed(|event| {
        // Without an error to report, the upgrade is committed; an aborted one makes opening fail.
        if upgrade(&event).is_err()
            && let Ok(request) = event.target()
            && let Some(transaction) = request.transaction()
        {
            let _ = transaction.abort();
        }
    });
    let connection = web_sys::IdbDatabase::from(request.await?);
    let mut database = Database::from(connection.clone());
    // A page of a newer build wants to upgrade the database and waits for this connection to close.
    database.on_version_change(move |_| connection.close());
    Ok(database)
}

fn upgrade(event: &VersionChangeEvent) -> Result<(), Error> {
    let (database, old_version) = (event.database()?, event.old_version()?);
    for migrate in MIGRATIONS.iter().skip(usize::try_from(old_version).unwrap_or(0)) {
        migrate(&database)?;
    }
    Ok(())
}
