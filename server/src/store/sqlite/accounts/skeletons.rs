//! Skeletons of names that were stored without them: those of a schema before 0011.

use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::domain::{StoreError, names};

pub(in super::super) async fn fill(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let missing: Vec<(Uuid, String, String)> = sqlx::query_as(
        "SELECT account.user, account.name, user.name FROM account JOIN user ON user.id = account.user
         WHERE account.name_skeleton IS NULL OR account.shown_skeleton IS NULL",
    )
    .fetch_all(&mut *db)
    .await?;
    for (user, name, shown) in missing {
        sqlx::query("UPDATE account SET name_skeleton = ?, shown_skeleton = ? WHERE user = ?")
            .bind(names::skeleton(&name))
            .bind(names::skeleton(&shown))
            .bind(user)
            .execute(&mut *db)
            .await?;
    }
    Ok(())
}
