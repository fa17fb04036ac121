//! The server's settings.

use parlor_protocol::http::EntryPolicy;
use sqlx::FromRow;

use crate::domain::ServerSettings;

#[derive(FromRow)]
pub(in super::super) struct SettingsRow {
    name: Option<String>,
    entry: Option<String>,
    picture: Option<String>,
}

impl SettingsRow {
    pub(in super::super) fn settings(self) -> ServerSettings {
        ServerSettings { name: self.name, entry: self.entry.as_deref().map(entry_policy), picture: self.picture }
    }
}

/// An unknown policy is read as the strictest.
fn entry_policy(text: &str) -> EntryPolicy {
    EntryPolicy::ALL.into_iter().find(|policy| policy.as_str() == text).unwrap_or(EntryPolicy::Invitation)
}
