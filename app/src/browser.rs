//! The browser's APIs that the page uses. Nothing here runs on the server, but components that call it
//! in effects and handlers are compiled there too, where there is no window.

mod address;
mod documents;
mod keyboard;
mod local_storage;
mod window;

pub use self::{address::*, documents::*, keyboard::*, local_storage::*, window::*};
