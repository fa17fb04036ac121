//! Reads the messages of a WebSocket. A reader has no buffer of its own: all readers of a thread share one.

use std::{
    cell::RefCell,
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::tcp::OwnedReadHalf,
};

use crate::websocket::decode::{Decoder, Message, Violation};

/// Bytes read in one system call.
pub const READ_BYTES: usize = 64 * 1024;

thread_local! {
    static SHARED: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

pub struct MessageReader {
    half: OwnedReadHalf,
    pub decoder: Decoder,
}

impl MessageReader {
    /// `early`: bytes that were read with the request's head.
    pub fn new(half: OwnedReadHalf, mut decoder: Decoder, early: &[u8]) -> Self {
        decoder.push(early);
        Self { half, decoder }
    }

    /// Returns when there is something to read, or the stream has ended. Cancellation safe.
    pub async fn readable(&self) -> io::Result<()> {
        self.half.readable().await
    }

    /// Passes received bytes to the decoder; false at the end of the stream. Cancellation safe.
    pub async fn fill(&mut self) -> io::Result<bool> {
        let Self { half, decoder } = self;
        poll_fn(|context| poll_read(half, context, |bytes| decoder.push(bytes))).await
    }

    /// The next message. Cancellation safe.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn next(&mut self) -> Result<Message<'_>, ReadError> {
        let taken = loop {
            if let Some(taken) = self.decoder.take()? {
                break taken;
            }
            if !matches!(self.fill().await, Ok(true)) {
                return Err(ReadError::Gone);
            }
        };
        Ok(self.decoder.lend(taken)?)
    }

    /// Reads and discards everything up to the end of the stream.
    pub async fn discard(&mut self) -> io::Result<()> {
        while poll_fn(|context| poll_read(&mut self.half, context, |_| {})).await? {}
        Ok(())
    }
}

fn poll_read(half: &mut OwnedReadHalf, context: &mut Context<'_>, take: impl FnOnce(&[u8])) -> Poll<io::Result<bool>> {
    SHARED.with_borrow_mut(|shared| {
        let mut buffer = ReadBuf::new(shared);
        ready!(Pin::new(half).poll_read(context, &mut buffer))?;
        take(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    })
}

/// Why no more messages come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadError {
    /// The peer went without a close frame, or the socket failed.
    Gone,
    /// The peer violated the protocol.
    Violation(Violation),
}

impl From<Violation> for ReadError {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}
