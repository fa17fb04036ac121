//! A minimal WebSocket client (RFC 6455) for load generation: frames are read in place and decoded only on demand.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, bail, ensure};
use parlor_bench::websocket::{CLOSE, PING, PONG, TEXT, frame_in, masked, upgrade, upgraded};
use parlor_protocol::{ClientFrame, SUBPROTOCOL, ServerFrame};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpSocket, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

/// Size of the read buffer.
const READ: usize = 4 * 1024;

const STEP_TIMEOUT: Duration = Duration::from_secs(20);

/// A WebSocket connection, split into reader and writer.
pub(crate) struct Wire {
    pub(crate) down: FrameReader,
    pub(crate) up: FrameWriter,
}

/// Reads the server's frames.
pub(crate) struct FrameReader {
    reader: OwnedReadHalf,
    buffer: Vec<u8>,
    /// Offset of the first unread byte.
    begin: usize,
}

/// Writes the client's frames.
pub(crate) struct FrameWriter(OwnedWriteHalf);

/// A message of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received<'a> {
    Text(&'a str),
    Ping,
    /// Close code, 0 if there was none.
    Closed(u16),
    Other,
}

impl Wire {
    /// Connects and upgrades. `receive_buffer` is the size of the socket's receive buffer in bytes.
    pub(crate) async fn connect(address: SocketAddr, token: &str, receive_buffer: Option<u32>) -> anyhow::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if let Some(bytes) = receive_buffer {
            // Before connecting, because it determines the initial window.
            socket.set_recv_buffer_size(bytes)?;
        }
        Self::upgrade(socket.connect(address).await?, address, token).await
    }

    /// Upgrades an open connection.
    pub(crate) async fn upgrade(stream: TcpStream, address: SocketAddr, token: &str) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        let (reader, mut writer) = stream.into_split();
        let more = format!("Sec-WebSocket-Protocol: {SUBPROTOCOL}\r\nAuthorization: Bearer {token}\r\n");
        let head = upgrade(address, "/live/ws", &more);
        writer.write_all(head.as_bytes()).await?;
        let mut down = FrameReader { reader, buffer: Vec::new(), begin: 0 };
        tokio::time::timeout(STEP_TIMEOUT, down.head()).await.context("no upgrade in time")??;
        Ok(Self { down, up: FrameWriter(writer) })
    }

    /// Waits for the first frame for which `wanted` returns a value. `refused`, `gap` and `bye` are errors.
    pub(crate) async fn wait_for<T>(&mut self, wanted: impl Fn(ServerFrame) -> Option<T>) -> anyhow::Result<T> {
        let found = async {
            loop {
                match self.down.next().await? {
                    Received::Text(text) => match ServerFrame::decode(text)? {
                        ServerFrame::Refused { code, message, .. } => bail!("refused, {code}: {message}"),
                        ServerFrame::Gap { reason, .. } => bail!("a gap: {reason:?}"),
                        frame => {
                            if let Some(found) = wanted(frame) {
                                return Ok(found);
                            }
                        }
                    },
                    Received::Ping => self.up.pong().await?,
                    Received::Closed(code) => bail!("closed by the server with {code}"),
                    Received::Other => {}
                }
            }
        };
        tokio::time::timeout(STEP_TIMEOUT, found).await.context("no answer in time")?
    }
}

impl FrameWriter {
    pub(crate) async fn say(&mut self, frame: &ClientFrame) -> anyhow::Result<()> {
        self.write(TEXT, frame.encode().as_bytes()).await
    }

    /// Sends a pong, as an answer or unsolicited (RFC 6455, section 5.5.3).
    pub(crate) async fn pong(&mut self) -> anyhow::Result<()> {
        self.write(PONG, &[]).await
    }

    async fn write(&mut self, kind: u8, payload: &[u8]) -> anyhow::Result<()> {
        Ok(self.0.write_all(&masked(kind, payload)).await?)
    }
}

impl FrameReader {
    /// The next message. Cancel safe.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Received<'_>> {
        let (kind, at) = loop {
            if let Some(found) = frame_in(&self.buffer[self.begin..])? {
                break found;
            }
            self.read().await?;
        };
        let at = self.begin + at.start..self.begin + at.end;
        self.begin = at.end;
        let payload = &self.buffer[at];
        Ok(match kind {
            TEXT => Received::Text(std::str::from_utf8(payload)?),
            PING => Received::Ping,
            CLOSE => Received::Closed(payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code))),
            _ => Received::Other,
        })
    }

    async fn head(&mut self) -> anyhow::Result<()> {
        let end = loop {
            if let Some(end) = upgraded(&self.buffer)? {
                break end;
            }
            self.read().await?;
        };
        self.begin = end;
        Ok(())
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        self.buffer.drain(..std::mem::take(&mut self.begin));
        self.buffer.reserve(READ);
        let read = self.reader.read_buf(&mut self.buffer).await.context("the connection broke")?;
        ensure!(read > 0, "the connection ended");
        Ok(())
    }
}

/// Value of a string field without escapes near the start of an encoded frame.
pub(crate) fn text_in<'a>(frame: &'a str, key: &str) -> Option<&'a str> {
    let rest = after_key(frame, key)?.strip_prefix('"')?;
    rest.split_once('"').map(|(value, _)| value)
}

/// Value of an integer field near the start of an encoded frame.
pub(crate) fn number_in(frame: &str, key: &str) -> Option<u64> {
    let rest = after_key(frame, key)?;
    let end = rest.find(|c: char| !c.is_ascii_digit())?;
    rest[..end].parse().ok()
}

/// Length of the start of a frame with type, room, seq and id. Bodies follow and may contain anything.
const FRONT: usize = 200;

fn after_key<'a>(frame: &'a str, key: &str) -> Option<&'a str> {
    let front = &frame.as_bytes()[..frame.len().min(FRONT)];
    let wanted = key.len() + 3;
    let at = front
        .windows(wanted)
        .position(|part| part[0] == b'"' && part[wanted - 2..] == *b"\":" && part[1..=key.len()] == *key.as_bytes())?;
    frame.get(at + wanted..)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn fields_are_found_without_decoding() {
        let frame = r#"{"type":"event","room":"lobby","seq":58,"id":"019","by":{"id":"x"}}"#;
        assert_eq!(text_in(frame, "type"), Some("event"));
        assert_eq!(text_in(frame, "id"), Some("019"));
        assert_eq!(number_in(frame, "seq"), Some(58));
        assert_eq!(number_in(frame, "type"), None);
        assert_eq!(text_in(frame, "seq"), None);
        assert_eq!(number_in("{}", "seq"), None);
    }
}
