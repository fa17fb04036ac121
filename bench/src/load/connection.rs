//! A connection: its socket, the stage of its handshake and its read and write buffers.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use anyhow::Context;
use socket2::{Domain, Socket, Type};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Sent the upgrade request.
    Upgrading,
    /// Step of the dialect's handshake.
    Greeting(usize),
    Open,
    /// Sent a close frame.
    Closing,
}

pub(super) struct Connection {
    pub(super) stream: TcpStream,
    pub(super) stage: Stage,
    pub(super) entry: usize,
    /// Bytes of an incomplete frame.
    pub(super) rest: Vec<u8>,
    /// Bytes of an incomplete item of a nats-server, whose stream is not aligned to frames.
    pub(super) part: Vec<u8>,
    /// Bytes to write once the socket is writable.
    unsent: Vec<u8>,
}

impl Connection {
    /// Connects. Over loopback that takes no time as long as the server's queue has room. `source` is an address to come
    /// from: of each, there are some 28,000 connections in a minute.
    pub(super) fn connect(address: SocketAddr, source: Option<Ipv4Addr>) -> anyhow::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        if let Some(source) = source {
            socket.bind(&SocketAddr::from((source, 0)).into())?;
        }
        socket.connect(&address.into()).context("connecting")?;
        socket.set_tcp_nodelay(true)?;
        socket.set_nonblocking(true)?;
        let stream = socket.into();
        Ok(Self { stream, stage: Stage::Upgrading, entry: 0, rest: Vec::new(), part: Vec::new(), unsent: Vec::new() })
    }

    /// Writes, and buffers what the socket does not take.
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.has_unsent() {
            self.unsent.extend(bytes);
            return Ok(());
        }
        let written = match self.stream.write(bytes) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(error) => return Err(error),
        };
        self.unsent.extend(&bytes[written..]);
        Ok(())
    }

    pub(super) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Writes the buffered bytes.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let bytes = std::mem::take(&mut self.unsent);
        self.write(&bytes)
    }

    /// Reads behind what was left; tells how many bytes there are in all, or nothing if none came.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        let kept = self.rest.len();
        buffer[..kept].copy_from_slice(&self.rest);
        loop {
            return match self.stream.read(&mut buffer[kept..]) {
                Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    self.rest.clear();
                    Ok(Some(kept + read))
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => Err(error),
            };
        }
    }
}
