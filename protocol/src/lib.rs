//! Wire types of Parlor: frames of the live protocol, bodies of the HTTP API, limits, close codes and validation.
//!
//! Data and rules only; no sockets, SQL or Markdown. Times are Unix milliseconds (UTC). Both sides ignore unknown
//! fields, so a tab that was loaded from another version of the server keeps working.
#![warn(missing_docs)]

mod client;
pub mod close;
pub mod error_code;
pub mod http;
mod ids;
pub mod limits;
mod people;
pub mod policy;
mod room;
#[cfg(test)]
mod schema;
mod server;
pub mod validate;

pub use client::{ClientFrame, Cursor, DecodeError};
pub use close::CloseCode;
pub use ids::{CommandId, RoomId, Tail, UserId};
pub use people::{ServerRole, User, UserKind};
pub use room::{Event, EventKind, Message, NotificationLevel, Reaction, RoomKind, RoomRole, RoomSummary};
pub use server::{GapReason, PresenceState, ServerFrame, ServerInfo};

/// Version of the live protocol, sent in `hello` and `welcome`.
pub const PROTOCOL_VERSION: u32 = 1;

/// WebSocket subprotocol (RFC 6455, section 1.9) of [`PROTOCOL_VERSION`].
pub const SUBPROTOCOL: &str = "parlor.v1";

/// Unix time in milliseconds (UTC).
pub type Millis = i64;

/// Sequence number of an event in its room's log: 1, 2, 3 … without gaps. 0 means before the first event.
pub type Seq = u64;
