//! The wire types of Parlor: what a client and the server say to each other, live and over HTTP.
//!
//! Everything here is data and its rules. The crate knows neither browser nor server: no sockets, no SQL, no markdown.
//! Times are Unix milliseconds (UTC). Unknown fields are ignored on both sides, so that old tabs and new servers agree.

mod client;
pub mod close;
pub mod http;
mod ids;
pub mod limits;
mod people;
pub mod refusal;
mod room;
#[cfg(test)]
mod schema;
mod server;
pub mod validate;

pub use client::{ClientFrame, Cursor, DecodeError};
pub use close::CloseCode;
pub use ids::{CommandId, RoomId, Tail, UserId};
pub use people::{ServerRole, User, UserKind};
pub use room::{Event, EventKind, Level, Message, RoomKind, RoomSummary};
pub use server::{GapReason, PresenceState, ServerFrame, ServerInfo};

/// The version of the live protocol that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;

/// The WebSocket subprotocol (RFC 6455, section 1.9) of [`PROTOCOL_VERSION`].
pub const SUBPROTOCOL: &str = "parlor.v1";

/// A point in time: milliseconds since 1970-01-01 UTC.
pub type Millis = i64;

/// A position in a room's event log: 1, 2, 3 … without holes. 0 is "before the first event".
pub type Seq = u64;
