//! What the two programs of this crate share: `figures`, which measures a Parlor from outside as its users would feel
//! it, and `compare`, which measures it beside other servers.

#[cfg(target_os = "linux")]
pub mod load;
pub mod machine;
pub mod server_process;
pub mod sessions;
pub mod stats;
pub mod websocket;
