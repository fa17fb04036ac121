//! Opens the store that the configuration names.

use std::{path::Path, sync::Arc};

use parlor_protocol::{Millis, User};

use crate::{
    config::{Config, StoreAddress},
    domain::{CommitSink, StoreError, TokenHash},
    store::{
        CommitLog, Store,
        postgres::{self, DatabaseAddress, PostgresStore, Sharing},
        sqlite::{self, SqliteStore},
    },
};

/// A store, and its commit log if other servers may use the database as well.
pub(crate) struct OpenStore {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) log: Option<Arc<dyn CommitLog>>,
}

pub(crate) async fn open(config: &Config, sink: Arc<dyn CommitSink>) -> Result<OpenStore, StoreError> {
    let is_shared = !config.bus.is_empty();
    let store: Arc<dyn Store> = match address(&config.store, config.store_password_file.as_deref())? {
        Some(_) if config.read_only => {
            return Err(StoreError::Address("--read-only is for a database in the data folder".into()));
        }
        Some(address) => {
            let sharing = if is_shared { Sharing::Shared } else { Sharing::Exclusive };
            let store = PostgresStore::open(&address, config.store_connections, sharing, sink).await?;
            let log = is_shared.then(|| store.clone() as Arc<dyn CommitLog>);
            return Ok(OpenStore { store, log });
        }
        None if is_shared => {
            let reason = "--bus is for several servers on one PostgreSQL database; a SQLite file belongs to one server";
            return Err(StoreError::Address(reason.into()));
        }
        None if config.read_only => SqliteStore::open_read_only(&config.data, sink).await?,
        None => SqliteStore::open(&config.data, sink, config.max_pages).await?,
    };
    Ok(OpenStore { store, log: None })
}

/// Creates a link to set a new password, whether a server is running or not; `None` if there is no account with this key.
pub(crate) async fn create_recovery_link(
    config: &Config,
    key: &str,
    token: TokenHash,
    expires_at: Millis,
) -> Result<Option<User>, StoreError> {
    match address(&config.store, config.store_password_file.as_deref())? {
        Some(address) => postgres::create_recovery_link(&address, key, token, expires_at).await,
        None => sqlite::create_recovery_link(&config.data, key, token, expires_at).await,
    }
}

/// The PostgreSQL database, if the store is one.
pub(crate) fn address(
    store: &StoreAddress,
    password_file: Option<&Path>,
) -> Result<Option<DatabaseAddress>, StoreError> {
    let Some(url) = store.url() else { return Ok(None) };
    let address: DatabaseAddress = url.parse()?;
    Ok(Some(match password_file {
        Some(file) => address.with_password_file(file)?,
        None => address,
    }))
}
