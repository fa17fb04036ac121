//! The browser's database (IndexedDB): texts by key, in a store for each kind. A write is answered when its transaction
//! is complete.

/// This browser keeps nothing: it has no database, or does not let us use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageUnavailable;

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
    LastSession,
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
/// [`StorageUnavailable`].
#[cfg(feature = "browser")]
pub async fn ask(store: Store, ask: Ask) -> Result<Vec<String>, StorageUnavailable> {
    use std::{cell::Cell, pin::pin};

    use futures::future::{Either, select};

    use crate::clock;

    thread_local! {
        /// It did not answer in time; before this moment it is not asked again.
        static STUCK_UNTIL: Cell<i64> = const { Cell::new(0) };
    }
    if clock::now() < STUCK_UNTIL.get() {
        return Err(StorageUnavailable);
    }
    // A database that hangs must not keep messages from being sent.
    match select(pin!(web::ask(store, ask)), pin!(clock::sleep(PATIENCE_MS))).await {
        Either::Left((answer, _)) => answer.map_err(|_| StorageUnavailable),
        Either::Right(_) => {
            STUCK_UNTIL.set(clock::now() + i64::from(PAUSE_MS));
            Err(StorageUnavailable)
        }
    }
}

/// Asks a store.
///
/// # Errors
/// [`StorageUnavailable`].
#[cfg(not(feature = "browser"))]
pub async fn ask(_: Store, _: Ask) -> Result<Vec<String>, StorageUnavailable> {
    Err(StorageUnavailable)
}

#[cfg(feature = "browser")]
mod web {
    use std::cell::RefCell;

    use js_sys::{Array, Promise};
    use wasm_bindgen::{JsCast, JsValue, closure::Closure};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{Event, EventTarget, IdbDatabase, IdbOpenDbRequest, IdbTransactionMode};

    use super::{Ask, Store};

    const NAME: &str = "parlor";
    const VERSION: u32 = 1;
    const STORES: [Store; 3] = [Store::Outbox, Store::History, Store::LastSession];

    thread_local! {
        /// Opened once; opened again after it was closed under us.
        static OPEN: RefCell<Option<IdbDatabase>> = const { RefCell::new(None) };
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

    pub(super) async fn ask(store: Store, ask: Ask) -> Result<Vec<String>, JsValue> {
        let known = OPEN.with_borrow(Clone::clone);
        if let Some(database) = &known {
            // The browser may have closed it, for want of space or because its data were cleared.
            if let Ok(answer) = on(database, store, &ask).await {
                return Ok(answer);
            }
        }
        let database = open().await?;
        OPEN.set(Some(database.clone()));
        on(&database, store, &ask).await
    }

    /// Listens for the first of some events; what comes of it is the event.
    fn first_of(target: &EventTarget, names: &[&str]) -> JsFuture {
        // The promise's own way of being kept is what hears the events.
        let promise = Promise::new(&mut |keep, _| {
            for name in names {
                let _ = target.add_event_listener_with_callback(name, &keep);
            }
        });
        JsFuture::from(promise)
    }

    /// Waits for it, and for it to be of this name; anything else is an error.
    async fn is(event: JsFuture, name: &str) -> Result<(), JsValue> {
        let event = event.await?;
        if event.unchecked_ref::<Event>().type_() == name { Ok(()) } else { Err(event) }
    }

    async fn open() -> Result<IdbDatabase, JsValue> {
        let factory = web_sys::window().and_then(|window| window.indexed_db().ok().flatten());
        let request: IdbOpenDbRequest = factory.ok_or(JsValue::UNDEFINED)?.open_with_u32(NAME, VERSION)?;
        let opened = first_of(&request, &["success", "error"]);
        let upgraded = request.clone();
        let upgrade = Closure::once_into_js(move || {
            if let Ok(database) = upgraded.result() {
                for store in STORES {
                    // An error ends the upgrade, and the opening with it.
                    let _ = database.unchecked_ref::<IdbDatabase>().create_object_store(store.name());
                }
            }
        });
        request.set_onupgradeneeded(Some(upgrade.unchecked_ref()));
        is(opened, "success").await?;
        let database: IdbDatabase = request.result()?.unchecked_into();
        // A page of a newer version wants to change the stores: do not stand in its way.
        let held = database.clone();
        let close = Closure::once_into_js(move || held.close());
        database.set_onversionchange(Some(close.unchecked_ref()));
        Ok(database)
    }

    async fn on(database: &IdbDatabase, store: Store, ask: &Ask) -> Result<Vec<String>, JsValue> {
        let mode = match ask {
            Ask::Get(_) | Ask::All => IdbTransactionMode::Readonly,
            Ask::Put(..) | Ask::Delete(_) | Ask::Clear => IdbTransactionMode::Readwrite,
        };
        let transaction = database.transaction_with_str_and_mode(store.name(), mode)?;
        // Asked for is not done: only a complete transaction is.
        let ended = first_of(&transaction, &["complete", "error", "abort"]);
        let entries = transaction.object_store(store.name())?;
        let request = match ask {
            Ask::Get(key) => entries.get(&key.into())?,
            Ask::All => entries.get_all()?,
            Ask::Put(key, text) => entries.put_with_key(&text.into(), &key.into())?,
            Ask::Delete(key) => entries.delete(&key.into())?,
            Ask::Clear => entries.clear()?,
        };
        is(ended, "complete").await?;
        let found = request.result()?;
        Ok(match ask {
            Ask::Get(_) => found.as_string().into_iter().collect(),
            Ask::All => found.unchecked_into::<Array>().iter().filter_map(|text| text.as_string()).collect(),
            Ask::Put(..) | Ask::Delete(_) | Ask::Clear => Vec::new(),
        })
    }
}
