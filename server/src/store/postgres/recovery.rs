//! Password links made by an administrator's command.

use parlor_protocol::{Millis, User};
use sqlx::Connection;

use super::{
    DatabaseAddress,
    accounts::{self, passwords},
    connection, migrations,
    transaction::WriteTransaction,
};
use crate::domain::{StoreError, TokenHash};

/// Creates a link to set a new password for the account whose sign-in name has this key; `None` if there is no such account.
/// Also works while a server uses the database, because it needs neither the database's lock nor any cache: reset links are
/// always read from the database.
///
/// # Errors
/// The database does not answer, or its schema is of another version.
pub async fn create_recovery_link(
    address: &DatabaseAddress,
    key: &str,
    token: TokenHash,
    expires_at: Millis,
) -> Result<Option<User>, StoreError> {
    let mut connection = connection::connect_writer(&address.options()).await?;
    migrations::require_current(&mut connection).await?;
    let mut tx = WriteTransaction::begin(&mut connection, None).await?;
    let Some(account) = accounts::by_name(tx.db(), key).await? else { return Ok(None) };
    passwords::create_recovery_token(&mut tx, account.user.id, token, expires_at).await?;
    tx.commit().await?;
    connection.close().await?;
    Ok(Some((*account.user).clone()))
}
