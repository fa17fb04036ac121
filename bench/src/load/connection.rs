//! One connection: a socket, how far it is on its way in, and what is left of the last read and write.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
};

use anyhow::Context;
use socket2::{Domain, Socket, Type};

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Asked for a WebSocket.
    Upgrading,
    /// On its way in: the dialect's step.
    Greeting(usize),
    /// In.
    Open,
    /// Said that it goes.
    Closing,
}

pub(super) struct Link {
    pub(super) stream: TcpStream,
    pub(super) stage: Stage,
    /// By which of the entries it comes in.
    pub(super) entry: usize,
    /// Read, and not yet whole.
    pub(super) rest: Vec<u8>,
    /// Of a nats-server's stream, which pays no heed to frames: what is not yet whole.
    pub(super) part: Vec<u8>,
    /// To be written as soon as there is room.
    unsent: Vec<u8>,
}

impl Link {
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

    /// Writes, or keeps what there is no room for.
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

    /// Writes what was kept.
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
