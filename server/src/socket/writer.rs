//! Writes the messages of a WebSocket whose messages are not shared with other connections.

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf};

use super::MessageReader;
use crate::websocket::frame::{self, Opcode};

/// Time for the closing handshake.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

pub struct MessageWriter(OwnedWriteHalf);

impl MessageWriter {
    pub fn new(half: OwnedWriteHalf) -> Self {
        Self(half)
    }

    /// Writes one message. Not cancellation safe: after a cancelled call, a part of the message may have been written, so
    /// nothing may be written any more.
    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        self.0.write_all(&frame::single(opcode, payload)).await
    }

    /// Closes the connection (RFC 6455, section 7.1): sends a close frame, with a code or without (section 5.5.1), and the
    /// end of the stream, then waits up to 2 s for the peer to do the same.
    pub async fn close(mut self, reader: &mut MessageReader, code: Option<u16>, reason: &str) {
        let close = code.map_or_else(|| frame::single(Opcode::Close, &[]), |code| frame::close(code, reason));
        let closing_handshake = async {
            self.0.write_all(&close).await?;
            self.0.shutdown().await?;
            reader.discard().await
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, closing_handshake).await;
    }
}
