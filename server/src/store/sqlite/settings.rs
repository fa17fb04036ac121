//! [`SettingsStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{UserId, http::EntryPolicy, policy::ServerAction};
use sqlx::SqliteConnection;

use super::{SqliteStore, audit, rights, transaction::WriteTransaction};
use crate::{
    domain::{ControlEvent, ServerPicture, ServerSettings, SettingsChange, StoreError},
    store::{
        SettingsStore,
        records::SettingsRow,
        settings_update::{PictureUpdate, SettingsUpdate},
    },
};

#[async_trait]
impl SettingsStore for SqliteStore {
    async fn server_id(&self) -> Result<String, StoreError> {
        Ok(sqlx::query_scalar("SELECT server_id FROM server_settings").fetch_one(&self.readers).await?)
    }

    async fn load_settings(&self) -> Result<ServerSettings, StoreError> {
        load(&mut *self.readers.acquire().await?).await
    }

    async fn change_settings(&self, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(change(tx, changes, by))).await
    }

    async fn picture(&self, id: &str, side: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let png = sqlx::query_scalar("SELECT png FROM server_picture WHERE picture = ? AND side = ?")
            .bind(id)
            .bind(side)
            .fetch_optional(&self.readers)
            .await?;
        Ok(png)
    }
}

async fn load(db: &mut SqliteConnection) -> Result<ServerSettings, StoreError> {
    let row: SettingsRow = sqlx::query_as("SELECT name, entry, picture FROM server_settings").fetch_one(db).await?;
    Ok(row.settings())
}

async fn change(tx: &mut WriteTransaction<'_>, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError> {
    rights::require(tx, by, ServerAction::ManageServer).await?;
    let before = load(tx.db()).await?;
    let Some(SettingsUpdate { settings, picture, entries }) = SettingsUpdate::new(before, changes, by) else {
        return Ok(());
    };
    match picture {
        PictureUpdate::Keep => {}
        PictureUpdate::Remove => delete_picture(tx).await?,
        PictureUpdate::Replace(picture) => replace_picture(tx, picture).await?,
    }
    sqlx::query("UPDATE server_settings SET name = ?, entry = ?, picture = ?")
        .bind(&settings.name)
        .bind(settings.entry.map(EntryPolicy::as_str))
        .bind(&settings.picture)
        .execute(tx.db())
        .await?;
    for entry in entries {
        audit::record(tx, entry).await?;
    }
    tx.publish(ControlEvent::SettingsChanged { settings });
    Ok(())
}

async fn delete_picture(tx: &mut WriteTransaction<'_>) -> Result<(), StoreError> {
    tx.note_erasure();
    sqlx::query("DELETE FROM server_picture").execute(tx.db()).await?;
    Ok(())
}

async fn replace_picture(tx: &mut WriteTransaction<'_>, picture: ServerPicture) -> Result<(), StoreError> {
    delete_picture(tx).await?;
    for image in picture.images {
        sqlx::query("INSERT INTO server_picture (picture, side, png) VALUES (?, ?, ?)")
            .bind(&picture.id)
            .bind(image.side)
            .bind(image.png)
            .execute(tx.db())
            .await?;
    }
    Ok(())
}
