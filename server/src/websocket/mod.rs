//! WebSocket codec (RFC 6455): handshake, decoding and encoding. It knows nothing of chat and does no I/O.
//!
//! It is not a library's for two reasons. A frame for a thousand recipients is encoded once with its header and written from
//! one place in memory, while libraries copy each message with a header into a buffer of each connection. And an idle
//! connection holds no buffer at all.

pub mod decode;
pub mod frame;
pub mod handshake;
mod utf8;
