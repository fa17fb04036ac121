//! The browser's database (IndexedDB): texts by key, in a store for each kind. A write is answered when its transaction
//! is complete.

/// This browser keeps nothing: it has no database, or does not let us use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unkept;

/// How long the database may take to answer, in milliseconds.
#[cfg(feature = "browser")]
const PATIENCE_MS: u32 = 5_000;
/// How long it is left alone when it has not, in milliseconds.
#[cfg(feature = "browser")]
const PAUSE_MS: u32 = 30_000;

/// The kinds of things that are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Store {
    /// Messages that have not reached the server, by id.
    Outbox,
    /// Newest messages of rooms, by person and room.
    History,
    /// Who reads, and their rooms.
    Scene,
}

/// What is asked of a store. One kind of request for all, so that the wasm has the way to the database once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Puts a text under a key.
    Put(String, String),
    /// The text under a key, if there is one.
    Get(String),
    /// All texts, in the order of their keys.
    All,
    /// Takes a key out.
    Delete(String),
    /// Takes all out.
    Clear,
}

/// Asks a store.
///
/// # Errors
/// [`Unkept`].
#[cfg(feature = "browser")]
pub async fn ask(store: Store, ask: Ask) -> Result<Vec<String>, Unkept> {
    use std::{cell::Cell, pin::pin};

    use futures::future::{Either, select};

    use crate::clock;

    thread_local! {
        /// It did not answer in time; before this moment it is not asked again.
        static STUCK_UNTIL: Cell<i64> = const { Cell::new(0) };
    }
    if clock::now() < STUCK_UNTIL.get() {
        return Err(Unkept);
    }
    // A database that hangs must not keep messages from being sent.
    match select(pin!(web::ask(store, ask)), pin!(clock::sleep(PATIENCE_MS))).await {
        Either::Left((answer, _)) => answer.map_err(|_| Unkept),
        Either::Right(_) => {
            STUCK_UNTIL.set(clock::now() + i64::from(PAUSE_MS));
            Err(Unkept)
        }
    }
}

/// Asks a store.
///
/// # Errors
/// [`Unkept`].
#[cfg(not(feature = "browser"))]
pub async fn ask(_: Store, _: Ask) -> Result<Vec<String>, Unkept> {
    Err(Unkept)
}

#[cfg(feature = "browser")]
mod web {
    use std::{cell::RefCell, rc::Rc};

    use idb::{Database, DatabaseEvent, Error, Factory, ObjectStoreParams, TransactionMode};
    use wasm_bindgen::JsValue;

    use super::{Ask, Store};

    const NAME: &str = "parlor";
    const VERSION: u32 = 1;
    const STORES: [Store; 3] = [Store::Outbox, Store::History, Store::Scene];

    thread_local! {
        /// Opened once; opened again after it was closed under us.
        static OPEN: RefCell<Option<Rc<Database>>> = const { RefCell::new(None) };
    }

    impl Store {
        const fn name(self) -> &'static str {
            match self {
                Self::Outbox => "outbox",
                Self::History => "history",
                Self::Scene => "scene",
            }
        }
    }

    pub(super) async fn ask(store: Store, ask: Ask) -> Result<Vec<String>, Error> {
        let known = OPEN.with_borrow(Clone::clone);
        if let Some(database) = &known {
            // The browser may have closed it, for want of space or because its data were cleared.
            if let Ok(answer) = on(database, store, &ask).await {
                return Ok(answer);
            }
        }
        let database = Rc::new(open().await?);
        OPEN.set(Some(database.clone()));
        on(&database, store, &ask).await
    }

    async fn open() -> Result<Database, Error> {
        let mut request = Factory::new()?.open(NAME, Some(VERSION))?;
        request.on_upgrade_needed(|event| {
            if let Ok(database) = event.database() {
                for store in STORES {
                    // An error ends the upgrade, and the opening with it.
                    let _ = database.create_object_store(store.name(), ObjectStoreParams::new());
                }
            }
        });
        let mut database = request.await?;
        // A page of a newer version wants to change the stores: do not stand in its way.
        database.on_version_change(|event| {
            if let Ok(database) = event.database() {
                database.close();
            }
        });
        Ok(database)
    }

    async fn on(database: &Database, store: Store, ask: &Ask) -> Result<Vec<String>, Error> {
        let mode = match ask {
            Ask::Get(_) | Ask::All => TransactionMode::ReadOnly,
            Ask::Put(..) | Ask::Delete(_) | Ask::Clear => TransactionMode::ReadWrite,
        };
        let transaction = database.transaction(&[store.name()], mode)?;
        let entries = transaction.object_store(store.name())?;
        let found = match ask {
            Ask::Get(key) => entries.get(JsValue::from_str(key))?.await?.into_iter().collect(),
            Ask::All => entries.get_all(None, None)?.await?,
            Ask::Put(key, text) => {
                entries.put(&JsValue::from_str(text), Some(&JsValue::from_str(key)))?.await?;
                Vec::new()
            }
            Ask::Delete(key) => {
                entries.delete(JsValue::from_str(key))?.await?;
                Vec::new()
            }
            Ask::Clear => {
                entries.clear()?.await?;
                Vec::new()
            }
        };
        if mode == TransactionMode::ReadWrite {
            // Asked for is not done: only a complete transaction is.
            transaction.await?;
        }
        Ok(found.iter().filter_map(JsValue::as_string).collect())
    }
}
