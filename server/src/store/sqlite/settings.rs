//! [`SettingsStore`] on SQLite.

use async_trait::async_trait;
use parlor_protocol::{UserId, http::EntryPolicy, policy::ServerAction};
use serde_json::json;
use sqlx::SqliteConnection;

use super::{
    SqliteStore,
    audit::{self, Entry},
    rights,
    transaction::WriteTransaction,
};
use crate::{
    domain::{AuditAct, ControlEvent, ServerPicture, ServerSettings, SettingsChange, StoreError},
    store::SettingsStore,
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
    let (name, entry, picture): (_, Option<String>, _) =
        sqlx::query_as("SELECT name, entry, picture FROM server_settings").fetch_one(db).await?;
    Ok(ServerSettings { name, entry: entry.as_deref().map(entry_policy), picture })
}

/// An unknown policy is read as the strictest.
fn entry_policy(text: &str) -> EntryPolicy {
    EntryPolicy::ALL.into_iter().find(|policy| policy.as_str() == text).unwrap_or(EntryPolicy::Invitation)
}

async fn change(tx: &mut WriteTransaction<'_>, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError> {
    rights::require(tx, by, ServerAction::ManageServer).await?;
    let before = load(tx.db()).await?;
    let mut settings = before.clone();
    for change in changes {
        let (act, details) = match change {
            SettingsChange::Name(name) if settings.name.as_ref() != Some(&name) => {
                settings.name = Some(name.clone());
                (AuditAct::ServerRenamed, Some(json!({ "name": name })))
            }
            SettingsChange::Entry(entry) if settings.entry != Some(entry) => {
                settings.entry = Some(entry);
                (AuditAct::EntryPolicyChanged, Some(json!({ "entry": entry })))
            }
            SettingsChange::Picture(picture) if settings.picture.as_ref() != Some(&picture.id) => {
                settings.picture = Some(picture.id.clone());
                replace_picture(tx, Some(picture)).await?;
                (AuditAct::PictureChanged, None)
            }
            SettingsChange::RemovePicture if settings.picture.is_some() => {
                settings.picture = None;
                replace_picture(tx, None).await?;
                (AuditAct::PictureRemoved, None)
            }
            SettingsChange::Name(_)
            | SettingsChange::Entry(_)
            | SettingsChange::Picture(_)
            | SettingsChange::RemovePicture => continue,
        };
        audit::record(tx, Entry { details, ..Entry::new(by, act) }).await?;
    }
    if settings == before {
        return Ok(());
    }
    sqlx::query("UPDATE server_settings SET name = ?, entry = ?, picture = ?")
        .bind(&settings.name)
        .bind(settings.entry.map(EntryPolicy::as_str))
        .bind(&settings.picture)
        .execute(tx.db())
        .await?;
    tx.publish(ControlEvent::SettingsChanged { settings });
    Ok(())
}

async fn replace_picture(tx: &mut WriteTransaction<'_>, picture: Option<ServerPicture>) -> Result<(), StoreError> {
    tx.note_erasure();
    sqlx::query("DELETE FROM server_picture").execute(tx.db()).await?;
    let Some(ServerPicture { id, images }) = picture else { return Ok(()) };
    for image in images {
        sqlx::query("INSERT INTO server_picture (picture, side, png) VALUES (?, ?, ?)")
            .bind(&id)
            .bind(image.side)
            .bind(image.png)
            .execute(tx.db())
            .await?;
    }
    Ok(())
}
