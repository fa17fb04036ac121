//! Shared code of `figures`, which measures Parlor from outside, and `compare`, which compares it with other servers.

#[cfg(target_os = "linux")]
pub mod load;
pub mod machine;
pub mod server_process;
pub mod sessions;
pub mod stats;
pub mod websocket;
