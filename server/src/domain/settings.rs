//! Settings of the server that its owner changes while it runs.

use parlor_protocol::http::EntryPolicy;
use serde::{Deserialize, Serialize};

/// The stored settings. Those that were never set have defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSettings {
    pub name: Option<String>,
    pub entry: Option<EntryPolicy>,
    pub picture: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SettingsChange {
    Name(String),
    Entry(EntryPolicy),
    Picture(ServerPicture),
    RemovePicture,
}

/// The server's picture in several sizes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerPicture {
    /// Derived from the content: another picture has another id.
    pub id: String,
    pub images: Vec<PictureImage>,
}

/// A square PNG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureImage {
    /// Width and height in pixels.
    pub side: u32,
    pub png: Vec<u8>,
}
