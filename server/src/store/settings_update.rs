//! What changes of the server's settings come to: the settings after them, and their acts for the audit log.

use parlor_protocol::UserId;
use serde_json::json;

use super::audit::Entry;
use crate::domain::{AuditAct, ServerPicture, ServerSettings, SettingsChange};

pub(super) struct SettingsUpdate {
    pub(super) settings: ServerSettings,
    pub(super) picture: PictureUpdate,
    pub(super) entries: Vec<Entry>,
}

/// What becomes of the stored picture.
pub(super) enum PictureUpdate {
    Keep,
    Replace(ServerPicture),
    Remove,
}

impl SettingsUpdate {
    /// Leaves out changes to what is already set. None if nothing is left.
    pub(super) fn new(before: ServerSettings, changes: Vec<SettingsChange>, by: UserId) -> Option<Self> {
        let mut update = Self { settings: before, picture: PictureUpdate::Keep, entries: Vec::new() };
        changes.into_iter().for_each(|change| update.apply(change, by));
        (!update.entries.is_empty()).then_some(update)
    }

    fn apply(&mut self, change: SettingsChange, by: UserId) {
        let settings = &mut self.settings;
        let (act, details) = match change {
            SettingsChange::Name(name) if settings.name.as_ref() != Some(&name) => {
                let details = json!({ "name": name });
                settings.name = Some(name);
                (AuditAct::ServerRenamed, Some(details))
            }
            SettingsChange::Entry(entry) if settings.entry != Some(entry) => {
                settings.entry = Some(entry);
                (AuditAct::EntryPolicyChanged, Some(json!({ "entry": entry })))
            }
            SettingsChange::Picture(picture) if settings.picture.as_ref() != Some(&picture.id) => {
                settings.picture = Some(picture.id.clone());
                self.picture = PictureUpdate::Replace(picture);
                (AuditAct::PictureChanged, None)
            }
            SettingsChange::RemovePicture if settings.picture.is_some() => {
                settings.picture = None;
                self.picture = PictureUpdate::Remove;
                (AuditAct::PictureRemoved, None)
            }
            SettingsChange::Name(_)
            | SettingsChange::Entry(_)
            | SettingsChange::Picture(_)
            | SettingsChange::RemovePicture => return,
        };
        self.entries.push(Entry { details, ..Entry::new(by, act) });
    }
}
