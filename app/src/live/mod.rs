//! The live client. Frames flow from the transport through [`state`] into signals and the page; what the user types flows
//! from the outbox to the transport.
//!
//! `state`, `timeline`, `rows`, `blocks`, `outbox`, `reconnect`, `transport_fallback`, `connection_stats`, `report` and `connection` are
//! pure and have native tests. Only `transport` touches the browser's sockets.

mod actions;
pub mod blocks;
pub mod client;
pub mod connection;
pub mod connection_stats;
mod effects;
mod idle;
mod message_actions;
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
