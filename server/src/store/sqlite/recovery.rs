//! Password links made on the server's machine.

use std::{io, path::Path, sync::Arc, time::Duration};

use parlor_protocol::{Millis, User};
use sqlx::{
    ConnectOptions, Connection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};

use super::{
    FILE_NAME,
    accounts::{self, passwords},
    migrations,
    transaction::WriteTransaction,
};
use crate::domain::{StoreError, TokenHash};

/// Creates a link to set a new password for the account whose sign-in name has this key; `None` if there is no such account.
/// Also works while a server uses the folder, because it needs neither the folder's lock nor any cache: reset links are always
/// read from the database.
///
/// # Errors
/// There is no database in `folder`, or its schema is of another version.
pub async fn create_recovery_link(
    folder: &Path,
    key: &str,
    token: TokenHash,
    expires_at: Millis,
) -> Result<Option<User>, StoreError> {
    let file = folder.join(FILE_NAME);
    if !file.exists() {
        let cause = Arc::new(io::Error::new(io::ErrorKind::NotFound, "there is no database in it"));
        return Err(StoreError::Folder { path: folder.display().to_string(), cause });
    }
    let options = SqliteConnectOptions::new()
        .filename(&file)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .foreign_keys(true)
        .disable_statement_logging();
    let mut connection = options.connect().await?;
    migrations::require_current(&mut connection).await?;
    let mut tx = WriteTransaction::begin(&mut connection).await?;
    let Some(account) = accounts::by_name(tx.db(), key).await? else { return Ok(None) };
    passwords::create_recovery_token(&mut tx, account.user.id, token, expires_at).await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(Some((*account.user).clone()))
}
