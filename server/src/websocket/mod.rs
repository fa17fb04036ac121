//! WebSocket (RFC 6455) as a chat server needs it: the handshake, frames out of and into bytes. Knows nothing of chat and
//! does no I/O.
//!
//! Ours and not a library's for two reasons. A frame that goes to a thousand people is encoded once, its header included,
//! and written from the one place where it lies: libraries take a message and copy it, with a header, into a buffer of
//! each connection. And a connection that says nothing holds no buffer at all.

pub mod decode;
pub mod frame;
pub mod handshake;
mod utf8;
