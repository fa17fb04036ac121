//! Tests Parlor's guarantees under faults, in the style of Jepsen.
//!
//! Clients write under load while a nemesis injects faults; each logs what it sent and received. At the end the server's
//! history is read, and the [`checker`] compares it with every log.

pub mod checker;
pub mod client;
pub mod process;
pub mod proxy;
pub mod run;
