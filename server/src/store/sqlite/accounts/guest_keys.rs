//! Keys of guests' names that were stored in another form: those of a schema before 0012.

use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::domain::{StoreError, names};

pub(in super::super) async fn fill(db: &mut SqliteConnection) -> Result<(), StoreError> {
    let missing: Vec<(Uuid, String)> =
        sqlx::query_as("SELECT id, name FROM user WHERE kind = 'guest' AND guest_key IS NULL")
            .fetch_all(&mut *db)
            .await?;
    // One transaction: there may be tens of thousands.
    let mut transaction = db.begin().await?;
    for (user, name) in missing {
        sqlx::query("UPDATE user SET guest_key = ? WHERE id = ?")
            .bind(names::key(&name))
            .bind(user)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}
