//! Opens the store that the configuration names.

use std::{path::Path, sync::Arc};

use parlor_protocol::{Millis, User};

use crate::{
    config::{Config, StoreAddress},
    domain::{CommitSink, StoreError, TokenHash},
    store::{
        Store,
        postgres::{self, DatabaseAddress, PostgresStore, Sharing},
        sqlite::{self, SqliteStore},
    },
};

pub(crate) async fn open(config: &Config, sink: Arc<dyn CommitSink>) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match address(&config.store, config.store_password_file.as_deref())? {
        Some(_) if config.read_only => {
            return Err(StoreError::Address("--read-only is for a database in the data folder".into()));
        }
        Some(address) => PostgresStore::open(&address, config.store_connections, Sharing::Exclusive, sink).await?,
        None if config.read_only => SqliteStore::open_read_only(&config.data, sink).await?,
        None => SqliteStore::open(&config.data, sink, config.max_pages).await?,
    })
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
