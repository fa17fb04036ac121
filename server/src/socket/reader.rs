//! What comes in on a WebSocket. Holds no buffer: bytes are read into one that all share.

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

/// Bytes read at a time.
const READ: usize = 64 * 1024;

thread_local! {
    static SHARED: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// See the module.
pub struct Reader {
    half: OwnedReadHalf,
    /// Where messages come out.
    pub decoder: Decoder,
}

impl Reader {
    /// `early`: what was read before.
    #[must_use]
    pub fn new(half: OwnedReadHalf, mut decoder: Decoder, early: &[u8]) -> Self {
        decoder.push(early);
        Self { half, decoder }
    }

    /// Gives the decoder what has come; false at the end of the stream. Dropped while it waits, it has taken nothing.
    ///
    /// # Errors
    /// The socket is broken.
    pub async fn fill(&mut self) -> io::Result<bool> {
        let Self { half, decoder } = self;
        poll_fn(|context| poll_read(half, context, |bytes| decoder.push(bytes))).await
    }

    /// The next message. Dropped while it waits, it has taken nothing.
    ///
    /// # Errors
    /// See [`Ended`].
    pub async fn next(&mut self) -> Result<Message<'_>, Ended> {
        let taken = loop {
            if let Some(taken) = self.decoder.take()? {
                break taken;
            }
            if !matches!(self.fill().await, Ok(true)) {
                return Err(Ended::Gone);
            }
        };
        Ok(self.decoder.lend(taken)?)
    }

    /// Reads to the end of the stream and keeps nothing.
    ///
    /// # Errors
    /// The socket is broken.
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

/// Why no message comes any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The peer has gone without a word.
    Gone,
    /// The peer did what must not be.
    Violation(Violation),
}

impl From<Violation> for Ended {
    fn from(violation: Violation) -> Self {
        Self::Violation(violation)
    }
}
