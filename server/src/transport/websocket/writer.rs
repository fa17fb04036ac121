//! Writes the queued frames of a session to its socket with vectored writes, without copying them.

use std::{
    io::{self, IoSlice},
    net::Shutdown,
    sync::Arc,
};

use socket2::SockRef;
use tokio::net::tcp::OwnedWriteHalf;

use crate::connection::{Frame, MAX_SLICES, Outgoing, PartialWrite};

pub(super) struct SessionWriter {
    half: Arc<OwnedWriteHalf>,
    /// The frames to write.
    pub(super) outgoing: Outgoing,
}

impl SessionWriter {
    pub(super) fn new(half: Arc<OwnedWriteHalf>) -> Self {
        Self { half, outgoing: Outgoing::default() }
    }

    /// Writes all frames of `outgoing`. Cancellation safe: the next call continues.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.frames.is_empty() {
            match self.write() {
                // Boxed: few connections ever wait, and each would reserve the memory for it.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Box::pin(self.half.writable()).await?,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Completes a partial write, of this writer or of the queue, and then writes this frame alone.
    pub(super) async fn write_last(&mut self, partial_write: Option<PartialWrite>, frame: Vec<u8>) -> io::Result<()> {
        let Outgoing { frames, written, .. } = &mut self.outgoing;
        frames.truncate(usize::from(*written > 0));
        if let Some(partial) = partial_write {
            // The queue writes only while this writer has nothing left.
            frames.push_back(partial.frame);
            *written = partial.written;
        }
        frames.push_back(Frame::Control(frame.into()));
        self.flush().await
    }

    /// Ends the outgoing stream.
    pub(super) fn shutdown(&self) -> io::Result<()> {
        SockRef::from(self.half.as_ref().as_ref()).shutdown(Shutdown::Write)
    }

    /// Writes what the socket takes without waiting.
    fn write(&mut self) -> io::Result<()> {
        let Outgoing { frames, written, .. } = &mut self.outgoing;
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames.iter()) {
            let start = if count == 0 { *written } else { 0 };
            *slice = IoSlice::new(frame.bytes().get(start..).unwrap_or_default());
            count += 1;
        }
        // `write` is cheaper than `writev` for a single piece.
        let sent = match &slices[..count] {
            [one] => self.half.try_write(one)?,
            several => self.half.try_write_vectored(several)?,
        };
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        *written += sent;
        while let Some(first) = frames.front().map(|frame| frame.bytes().len())
            && first <= *written
        {
            *written -= first;
            frames.pop_front();
        }
        Ok(())
    }
}
