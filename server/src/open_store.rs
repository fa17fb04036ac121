//! Opens the store that the configuration names.

use std::sync::Arc;

use parlor_protocol::{Millis, User};

use crate::{
    config::Config,
    domain::{CommitSink, StoreError, TokenHash},
    store::{
        Store,
        postgres::{self, DatabaseAddress, PostgresStore, Sharing},
        sqlite::{self, SqliteStore},
    },
};

pub(crate) async fn open(config: &Config, sink: Arc<dyn CommitSink>) -> Result<Arc<dyn Store>, StoreError> {
    Ok(match address(config)? {
        Some(address) => PostgresStore::open(&address, config.store_connections, Sharing::Exclusive, sink).await?,
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
    match address(config)? {
        Some(address) => postgres::create_recovery_link(&address, key, token, expires_at).await,
        None => sqlite::create_recovery_link(&config.data, key, token, expires_at).await,
    }
}

/// The PostgreSQL database, if it is the store.
fn address(config: &Config) -> Result<Option<DatabaseAddress>, StoreError> {
    let Some(url) = config.store.url() else { return Ok(None) };
    let address: DatabaseAddress = url.parse()?;
    Ok(Some(match &config.store_password_file {
        Some(file) => address.with_password_file(file)?,
        None => address,
    }))
}
