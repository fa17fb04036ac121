//! Holds the guarantees of Parlor under faults, in the terms of Jepsen.
//!
//! Clients write under load while a nemesis does harm; each keeps a log of what it sent and what it was told. In the end
//! the server's history is read, and the [`checker`] holds it against every log.

pub mod checker;
pub mod client;
pub mod process;
pub mod proxy;
pub mod run;
