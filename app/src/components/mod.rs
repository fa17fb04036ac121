//! The components of the chat page.

// Views call closures that were named before as `move || name()`: the code of closures that are written in the view is
// shared (see docs/performance.md).
#![allow(clippy::redundant_closure)]

pub mod account;
pub mod chat;
pub mod close_button;
pub mod composer;
pub mod composer_status;
pub mod connection;
pub mod connection_panel;
pub mod current_room;
pub mod direct_message;
pub mod drafts;
pub mod edit_history;
pub mod edit_mode;
pub mod empty_room;
pub mod header;
pub mod icons;
pub mod invite;
pub mod languages;
pub mod layout;
pub mod lazy;
pub mod long_press;
pub mod message;
pub mod message_menu;
pub mod new_room;
pub mod outdated;
pub mod people;
pub mod qr_code;
pub mod reactions;
pub mod rooms;
pub mod row;
pub mod scroll;
pub mod server_page;
pub mod switcher;
pub mod timeline;
pub mod welcome;
pub mod wordmark;
