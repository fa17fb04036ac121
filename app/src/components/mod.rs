//! What is on the screen, piece by piece.

pub mod chat;
pub mod composer;
pub mod connection;
pub mod header;
pub mod icons;
pub mod message;
pub mod new_room;
pub mod people;
pub mod rooms;
pub mod scroll;
pub mod timeline;
pub mod welcome;
