//! The live client. Frames go one way: transport, [`state`], signals, page. What is typed goes the other: outbox, transport.
//!
//! `state`, `timeline`, `rows`, `outbox`, `reconnect` and `connection` are pure and have native tests; only `transport`
//! touches the browser's sockets.

pub mod client;
pub mod connection;
mod keeper;
pub mod outbox;
pub mod reconnect;
pub mod rows;
mod run;
mod session;
pub mod state;
pub mod timeline;
pub mod transport;
pub mod view;

#[cfg(test)]
mod simulation;
