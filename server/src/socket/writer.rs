//! What goes out on a WebSocket that carries its own messages and nobody else's.

use std::{io, time::Duration};

use tokio::{io::AsyncWriteExt, net::tcp::OwnedWriteHalf};

use super::Reader;
use crate::websocket::frame::{self, Opcode};

/// Time for the last frames, and for the peer to take note of them.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// See the module.
pub struct Writer(OwnedWriteHalf);

impl Writer {
    /// Nothing is written yet.
    #[must_use]
    pub fn new(half: OwnedWriteHalf) -> Self {
        Self(half)
    }

    /// Writes one whole message. Dropped before it is done, half a message may be out: then write nothing more.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn send(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        self.0.write_all(&frame::single(opcode, payload)).await
    }

    /// Ends the connection (section 7.1): a close frame, with a code or (RFC 6455, section 5.5.1) without, then the end of
    /// the stream; and waits until the peer has ended its own, so that it sees why. Gives up after 2 s.
    pub async fn close(mut self, reader: &mut Reader, code: Option<u16>, reason: &str) {
        let close = code.map_or_else(|| frame::single(Opcode::Close, &[]), |code| frame::close(code, reason));
        let farewell = async {
            self.0.write_all(&close).await?;
            self.0.shutdown().await?;
            reader.discard().await
        };
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, farewell).await;
    }
}
