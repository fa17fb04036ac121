//! [`SettingsStore`] on PostgreSQL.

use async_trait::async_trait;
use parlor_protocol::{UserId, http::EntryPolicy, policy::ServerAction};

use super::{PostgresStore, audit, rights, text::is_storable, transaction::WriteTransaction};
use crate::{
    domain::{ControlEvent, ServerPicture, ServerSettings, SettingsChange, StoreError},
    store::{
        SettingsStore,
        records::SettingsRow,
        settings_update::{PictureUpdate, SettingsUpdate},
    },
};

#[async_trait]
impl SettingsStore for PostgresStore {
    async fn server_id(&self) -> Result<String, StoreError> {
        let id = sqlx::query_scalar("SELECT server_id FROM server_settings").fetch_one(&self.readers);
        self.read(async { Ok(id.await?) }).await
    }

    async fn load_settings(&self) -> Result<ServerSettings, StoreError> {
        let row = sqlx::query_as("SELECT name, entry, picture FROM server_settings").fetch_one(&self.readers);
        self.read(async { Ok(row.await.map(SettingsRow::settings)?) }).await
    }

    async fn change_settings(&self, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError> {
        self.write(move |tx| Box::pin(change(tx, changes, by))).await
    }

    async fn picture(&self, id: &str, side: u32) -> Result<Option<Vec<u8>>, StoreError> {
        if !is_storable(id) {
            return Ok(None);
        }
        let png = sqlx::query_scalar("SELECT png FROM server_picture WHERE picture = $1 AND side = $2")
            .bind(id)
            .bind(i64::from(side))
            .fetch_optional(&self.readers);
        self.read(async { Ok(png.await?) }).await
    }
}

async fn change(tx: &mut WriteTransaction<'_>, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError> {
    rights::require(tx, by, ServerAction::ManageServer).await?;
    // Locked, so that changes by several servers follow one another.
    let before: SettingsRow =
        sqlx::query_as("SELECT name, entry, picture FROM server_settings FOR UPDATE").fetch_one(tx.db()).await?;
    let Some(update) = SettingsUpdate::new(before.settings(), changes, by) else { return Ok(()) };
    let SettingsUpdate { settings, picture, entries } = update;
    match picture {
        PictureUpdate::Keep => {}
        PictureUpdate::Remove => delete_picture(tx).await?,
        PictureUpdate::Replace(picture) => replace_picture(tx, picture).await?,
    }
    sqlx::query("UPDATE server_settings SET name = $1, entry = $2, picture = $3")
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
    sqlx::query("DELETE FROM server_picture").execute(tx.db()).await?;
    Ok(())
}

async fn replace_picture(tx: &mut WriteTransaction<'_>, picture: ServerPicture) -> Result<(), StoreError> {
    delete_picture(tx).await?;
    let (sides, pngs): (Vec<_>, Vec<_>) =
        picture.images.into_iter().map(|image| (i64::from(image.side), image.png)).unzip();
    sqlx::query("INSERT INTO server_picture (picture, side, png) SELECT $1, * FROM unnest($2::bigint[], $3::bytea[])")
        .bind(&picture.id)
        .bind(sides)
        .bind(pngs)
        .execute(tx.db())
        .await?;
    Ok(())
}
