//! The server's settings: its name, its picture, and who can come in. A flag that is given wins over what is stored.

use parlor_protocol::{
    http::{EntryPolicy, FixedSetting, ServerSettings, UpdateSettingsRequest},
    policy::ServerAction,
    validate,
};

use super::{Caller, Field, Result, ServiceError, Services};
use crate::{
    config::{Config, Guests, Registration},
    domain::SettingsChange,
    picture,
};

/// The name of a server that has been given none.
const DEFAULT_NAME: &str = "Parlor";

#[derive(Clone, Debug)]
pub struct SettingFlags {
    pub name: Option<String>,
    pub guests: Option<Guests>,
    pub registration: Option<Registration>,
}

impl From<&Config> for SettingFlags {
    fn from(config: &Config) -> Self {
        Self { name: config.name.clone(), guests: config.guests, registration: config.registration }
    }
}

impl SettingFlags {
    /// Each of the two flags decides who can come in; then the other one has its default.
    const fn fix_entry(&self) -> bool {
        self.guests.is_some() || self.registration.is_some()
    }
}

impl Services {
    pub fn server_name(&self) -> String {
        let name = self.flags.name.clone().or_else(|| self.store.settings().name.clone());
        name.unwrap_or_else(|| DEFAULT_NAME.into())
    }

    /// Whether guests are accepted, and how far they get.
    pub fn guests(&self) -> Guests {
        match self.flags.guests {
            Some(guests) => guests,
            None if self.flags.fix_entry() || self.entry_setting() == EntryPolicy::Guests => Guests::On,
            None => Guests::Off,
        }
    }

    /// Who may create an account.
    pub fn registration(&self) -> Registration {
        match self.flags.registration {
            Some(registration) => registration,
            None if self.flags.fix_entry() || self.entry_setting() != EntryPolicy::Invitation => Registration::Open,
            None => Registration::Invite,
        }
    }

    fn entry_setting(&self) -> EntryPolicy {
        self.store.settings().entry.unwrap_or_default()
    }

    pub fn server_settings(&self) -> ServerSettings {
        let entry = match (self.guests(), self.registration()) {
            (Guests::On | Guests::LobbyOnly, _) => EntryPolicy::Guests,
            (Guests::Off, Registration::Open) => EntryPolicy::Accounts,
            (Guests::Off, Registration::Invite) => EntryPolicy::Invitation,
        };
        let name = self.flags.name.is_some().then_some(FixedSetting::Name);
        let fixed = name.into_iter().chain(self.flags.fix_entry().then_some(FixedSetting::Entry));
        let picture = self.store.settings().picture.as_deref().map(|id| picture_path(id, picture::PAGE_SIDE));
        ServerSettings { name: self.server_name(), entry, picture, fixed: fixed.collect() }
    }

    /// The settings in force, for the owner.
    ///
    /// # Errors
    /// The caller may not change them.
    pub fn settings_for(&self, caller: &Caller) -> Result<ServerSettings> {
        self.require(caller, ServerAction::ManageServer)?;
        Ok(self.server_settings())
    }

    /// Changes what the request names, and the picture if there is a file: everything, or nothing. The picture is the middle
    /// square of a PNG, JPEG or WebP image.
    ///
    /// # Errors
    /// The caller may not, the name is not valid, the file is not such an image within the limits, or a flag fixes the
    /// setting.
    pub async fn update_settings(
        &self,
        caller: &Caller,
        request: UpdateSettingsRequest,
        file: Option<Vec<u8>>,
    ) -> Result<ServerSettings> {
        self.require(caller, ServerAction::ManageServer)?;
        let mut changes = Vec::new();
        if let Some(name) = request.name {
            let invalid = |reason| ServiceError::Invalid { field: Field::ServerName, reason };
            let name = validate::server_name(&name).map_err(invalid)?;
            if self.flags.name.is_some() {
                return Err(ServiceError::NameFixed);
            }
            // The default is not stored, so that it can change with a later version.
            if name != self.server_name() {
                changes.push(SettingsChange::Name(name));
            }
        }
        if let Some(entry) = request.entry {
            if self.flags.fix_entry() {
                return Err(ServiceError::EntryFixed);
            }
            changes.push(SettingsChange::Entry(entry));
        }
        if let Some(file) = file {
            let processed = tokio::task::spawn_blocking(move || picture::process(&file)).await;
            let picture = processed.map_err(|error| {
                tracing::error!(%error, "a picture was not processed");
                ServiceError::Unavailable
            })??;
            changes.push(SettingsChange::Picture(picture));
        }
        self.store.change_settings(changes, caller.user.id).await?;
        Ok(self.server_settings())
    }

    /// Goes back to the default picture.
    ///
    /// # Errors
    /// The caller may not.
    pub async fn remove_picture(&self, caller: &Caller) -> Result<ServerSettings> {
        self.require(caller, ServerAction::ManageServer)?;
        self.store.change_settings(vec![SettingsChange::RemovePicture], caller.user.id).await?;
        Ok(self.server_settings())
    }
}

/// Where the picture is served as a square of this side. The id changes with the content.
pub fn picture_path(id: &str, side: u32) -> String {
    format!("/picture/{id}-{side}.png")
}
