//! Transports: how frames travel. Each turns bytes into texts for a [`crate::session::Session`] and back.

pub mod websocket;
