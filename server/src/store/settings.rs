//! The server's settings and its picture.

use async_trait::async_trait;
use parlor_protocol::UserId;

use crate::domain::{ServerSettings, SettingsChange, StoreError};

#[async_trait]
pub trait SettingsStore: Send + Sync + 'static {
    /// Tells this server from others; chosen at random when the database was created.
    async fn server_id(&self) -> Result<String, StoreError>;

    async fn load_settings(&self) -> Result<ServerSettings, StoreError>;

    /// Applies all changes, or none. A change to what is already set is left out, also in the audit log.
    async fn change_settings(&self, changes: Vec<SettingsChange>, by: UserId) -> Result<(), StoreError>;

    /// The current picture as a PNG of this width and height; `None` if it has another id, or no such size.
    async fn picture(&self, id: &str, side: u32) -> Result<Option<Vec<u8>>, StoreError>;
}
