//! The live client. Frames go one way: transport, [`state`], signals, page. What is typed goes the other: outbox, transport.
//!
//! `state`, `timeline`, `rows`, `outbox`, `reconnect`, `ladder`, `vitals`, `report` and `connection` are pure and have native
//! tests; only `transport` touches the browser's sockets.

mod actions;
pub mod client;
pub mod connection;
pub mod connection_stats;
mod effects;
mod idle;
pub mod notices;
pub mod outbox;
mod persistence;
pub mod reconnect;
mod render;
pub mod report;
pub mod rows;
mod run;
mod session;
pub mod state;
pub mod timeline;
pub mod transport;
pub mod transport_fallback;
mod upgrade_probe;
pub mod view;

#[cfg(test)]
mod simulation;
