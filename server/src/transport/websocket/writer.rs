//! What goes out on the socket of a session, from where it lies.

use std::{
    io::{self, IoSlice},
    net::Shutdown,
    sync::Arc,
};

use socket2::SockRef;
use tokio::net::tcp::OwnedWriteHalf;

use crate::connection::{Begun, Frame, MAX_SLICES, Outgoing};

/// See the module.
pub(super) struct Writer {
    half: Arc<OwnedWriteHalf>,
    /// What is to be written.
    pub(super) outgoing: Outgoing,
}

impl Writer {
    pub(super) fn new(half: Arc<OwnedWriteHalf>) -> Self {
        Self { half, outgoing: Outgoing::default() }
    }

    /// Writes all frames of `outgoing`. Broken off, it goes on where it was.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        while !self.outgoing.frames.is_empty() {
            match self.write() {
                // Boxed: few connections ever wait, and each would hold the room for it.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Box::pin(self.half.writable()).await?,
                Err(error) => return Err(error),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// Writes the rest of what is half written, here or by others, and then this alone.
    pub(super) async fn last(&mut self, begun: Option<Begun>, frame: Vec<u8>) -> io::Result<()> {
        let Outgoing { frames, written, .. } = &mut self.outgoing;
        frames.truncate(usize::from(*written > 0));
        if let Some(begun) = begun {
            // Others write only while nothing is left here.
            frames.push_back(begun.frame);
            *written = begun.written;
        }
        frames.push_back(Frame::Control(frame.into()));
        self.flush().await
    }

    /// Says that nothing more comes.
    pub(super) fn shutdown(&self) -> io::Result<()> {
        SockRef::from(self.half.as_ref().as_ref()).shutdown(Shutdown::Write)
    }

    /// Writes what the system takes at once.
    fn write(&mut self) -> io::Result<()> {
        let Outgoing { frames, written, .. } = &mut self.outgoing;
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let mut count = 0;
        for (slice, frame) in slices.iter_mut().zip(frames.iter()) {
            let start = if count == 0 { *written } else { 0 };
            *slice = IoSlice::new(frame.bytes().get(start..).unwrap_or_default());
            count += 1;
        }
        // A single piece takes the shorter way through the system.
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
