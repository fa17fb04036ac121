//! The bytes of one socket. Holds no buffer: what comes in is read into one that all share, what goes out is written
//! from where it lies.

use std::{
    cell::RefCell,
    future::poll_fn,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf},
    net::tcp::{ReadHalf, WriteHalf},
};

use crate::{
    connection::{Frame, Outgoing},
    websocket::decode::Decoder,
};

/// Bytes read at a time.
const READ: usize = 64 * 1024;

/// Pieces written at a time. A piece is a whole batch of events, or one frame.
const MAX_SLICES: usize = 32;

thread_local! {
    static SHARED: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ].into());
}

/// See the module.
pub(super) struct Reader<'a> {
    half: ReadHalf<'a>,
    /// Where messages come out.
    pub(super) decoder: Decoder,
}

impl<'a> Reader<'a> {
    /// `early`: what was read before.
    pub(super) fn new(half: ReadHalf<'a>, mut decoder: Decoder, early: &[u8]) -> Self {
        decoder.push(early);
        Self { half, decoder }
    }

    /// Gives the decoder what has come; false at the end of the stream.
    pub(super) async fn fill(&mut self) -> io::Result<bool> {
        let Self { half, decoder } = self;
        poll_fn(|context| poll_read(half, context, |bytes| decoder.push(bytes))).await
    }

    /// Reads to the end of the stream and keeps nothing.
    pub(super) async fn discard(&mut self) -> io::Result<()> {
        while poll_fn(|context| poll_read(&mut self.half, context, |_| {})).await? {}
        Ok(())
    }
}

fn poll_read(half: &mut ReadHalf<'_>, context: &mut Context<'_>, take: impl FnOnce(&[u8])) -> Poll<io::Result<bool>> {
    SHARED.with_borrow_mut(|shared| {
        let mut buffer = ReadBuf::new(shared);
        ready!(Pin::new(half).poll_read(context, &mut buffer))?;
        take(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    })
}

/// See the module.
pub(super) struct Writer<'a> {
    half: WriteHalf<'a>,
    /// What is to be written.
    pub(super) outgoing: Outgoing,
    /// Bytes of its first frame that are written.
    written: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(half: WriteHalf<'a>) -> Self {
        Self { half, outgoing: Outgoing::default(), written: 0 }
    }

    /// Writes all frames of `outgoing`. Broken off, it goes on where it was.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|context| self.poll_flush(context)).await
    }

    /// Writes the rest of what is half written, and then this alone.
    pub(super) async fn last(&mut self, frame: Vec<u8>) -> io::Result<()> {
        self.outgoing.frames.truncate(usize::from(self.written > 0));
        self.outgoing.frames.push_back(Frame::Control(frame.into()));
        self.flush().await
    }

    /// Says that nothing more comes.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.half.shutdown().await
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let frames = &mut self.outgoing.frames;
        while !frames.is_empty() {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            let mut count = 0;
            for (slice, frame) in slices.iter_mut().zip(frames.iter()) {
                let bytes = frame.bytes();
                let start = if count == 0 { self.written } else { 0 };
                *slice = IoSlice::new(bytes.get(start..).unwrap_or_default());
                count += 1;
            }
            let sent = ready!(Pin::new(&mut self.half).poll_write_vectored(context, &slices[..count]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += sent;
            while let Some(first) = frames.front().map(|frame| frame.bytes().len())
                && first <= self.written
            {
                self.written -= first;
                frames.pop_front();
            }
        }
        Poll::Ready(Ok(()))
    }
}
