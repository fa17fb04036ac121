//! The live client. Frames go one way: transport, [`state`], signals, page. What is typed goes the other: outbox, transport.
//!
//! `state`, `timeline`, `rows`, `outbox`, `reconnect`, `ladder`, `vitals`, `report` and `connection` are pure and have native
//! tests; only `transport` touches the browser's sockets.

mod acting;
mod asked;
mod attendance;
pub mod client;
mod climb;
pub mod connection;
mod keeper;
pub mod ladder;
pub mod notices;
pub mod outbox;
pub mod reconnect;
pub mod report;
pub mod rows;
mod run;
mod session;
mod showing;
pub mod state;
pub mod timeline;
pub mod transport;
pub mod view;
pub mod vitals;

#[cfg(test)]
mod simulation;
