//! Reads the messages of a WebSocket of the lab. All of them together hold a limited amount of memory: whoever needs more
//! than is free is not read from for a moment, and then closed.

use std::{sync::Arc, time::Duration};

use tokio::{
    net::tcp::OwnedReadHalf,
    sync::{OwnedSemaphorePermit, Semaphore},
};

use super::close::{CloseCause, StopReason};
use crate::{
    socket::{MessageReader, READ_BYTES, ReadError},
    websocket::decode::{Decoder, Message},
};

/// Memory of all WebSockets of the lab together, in bytes.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// Received bytes are held up to three times: a buffer that grows may be half empty, and the answer is a copy.
const COPIES: usize = 3;

/// Unit in which memory is counted, in bytes.
const UNIT: usize = 1_024;

/// Longest that a stream waits for memory.
const MAX_WAIT: Duration = Duration::from_secs(2);

/// The memory that is free.
pub(super) fn memory() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(MAX_BYTES / UNIT))
}

pub(super) struct MeteredReader {
    pub(super) reader: MessageReader,
    memory: Arc<Semaphore>,
    held: Option<OwnedSemaphorePermit>,
}

impl MeteredReader {
    pub(super) fn new(half: OwnedReadHalf, decoder: Decoder, early: &[u8], memory: Arc<Semaphore>) -> Self {
        Self { reader: MessageReader::new(half, decoder, early), memory, held: None }
    }

    /// The next message. Cancellation safe.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) async fn next(&mut self) -> Result<Message<'_>, CloseCause> {
        let taken = loop {
            if let Some(taken) = self.reader.decoder.take().map_err(ReadError::from)? {
                break taken;
            }
            self.resize(self.reader.decoder.buffered()).await?;
            // An idle stream needs none.
            self.reader.readable().await.map_err(|_| CloseCause::Gone)?;
            self.resize(self.reader.decoder.buffered() + READ_BYTES).await?;
            if !matches!(self.reader.fill().await, Ok(true)) {
                return Err(CloseCause::Gone);
            }
        };
        self.resize(self.reader.decoder.buffered()).await?;
        self.reader.decoder.lend(taken).map_err(|violation| ReadError::from(violation).into())
    }

    /// Holds memory for this many received bytes.
    async fn resize(&mut self, bytes: usize) -> Result<(), CloseCause> {
        let units = (bytes * COPIES).div_ceil(UNIT);
        let held = self.held.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        if units < held {
            drop(self.held.as_mut().and_then(|permit| permit.split(held - units)));
        } else if units > held {
            let more = u32::try_from(units - held).unwrap_or(u32::MAX);
            let more = tokio::time::timeout(MAX_WAIT, self.memory.clone().acquire_many_owned(more)).await;
            let Ok(Ok(more)) = more else { return Err(CloseCause::Server(StopReason::MemoryLimit)) };
            match &mut self.held {
                Some(permit) => permit.merge(more),
                None => self.held = Some(more),
            }
        }
        Ok(())
    }
}
