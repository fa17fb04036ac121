//! The components of the chat page.

pub mod account;
pub mod chat;
pub mod composer;
pub mod composer_status;
pub mod connection;
pub mod connection_panel;
pub mod current_room;
pub mod direct_message;
pub mod drafts;
pub mod empty_room;
pub mod header;
pub mod icons;
pub mod invite;
pub mod languages;
pub mod layout;
pub mod message;
pub mod message_menu;
pub mod new_room;
pub mod outdated;
pub mod people;
pub mod rooms;
pub mod row;
pub mod scroll;
pub mod switcher;
pub mod timeline;
pub mod welcome;
