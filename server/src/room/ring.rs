//! The newest events of a room, encoded: a client that was away for a moment is caught up without a database read.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{CommandId, Seq};

use crate::connection::EventBatch;

/// Most events kept, but for those of the newest batch.
const MAX_EVENT_PAGE_SIZE: usize = 256;

/// Most bytes kept, a room.
const MAX_BYTES: usize = 64 * 1024;

/// Events with consecutive seqs, the newest at the back, as they were published.
#[derive(Default)]
pub(super) struct Ring {
    batches: VecDeque<Arc<EventBatch>>,
    events: usize,
    bytes: usize,
}

impl Ring {
    /// Adds the next events; the oldest make room for them.
    pub(super) fn push(&mut self, batch: Arc<EventBatch>) {
        self.events += batch.len();
        self.bytes += batch.bytes_after(0).len();
        self.batches.push_back(batch);
        while (self.events > MAX_EVENT_PAGE_SIZE || self.bytes > MAX_BYTES) && self.batches.len() > 1 {
            if let Some(oldest) = self.batches.pop_front() {
                self.events -= oldest.len();
                self.bytes -= oldest.bytes_after(0).len();
            }
        }
    }

    /// All events after a seq, or `None` when some of them are no longer here: batches, and how many of each to skip.
    pub(super) fn after(&self, after: Seq, head: Seq) -> Option<impl Iterator<Item = (&Arc<EventBatch>, usize)>> {
        let all_here = after >= head || self.batches.front().is_some_and(|oldest| oldest.first <= after + 1);
        let skip = self.batches.partition_point(|batch| batch.last() <= after);
        all_here.then(|| self.batches.iter().skip(skip).map(move |batch| (batch, batch.known_to(after))))
    }

    /// Lets go of everything up to the batch with this event: nobody is given it from here any more.
    pub(super) fn forget(&mut self, seq: Seq) {
        while let Some(oldest) = self.batches.pop_front_if(|oldest| oldest.first <= seq) {
            self.events -= oldest.len();
            self.bytes -= oldest.bytes_after(0).len();
        }
    }

    /// The id of the event at a seq.
    pub(super) fn id(&self, seq: Seq) -> Option<CommandId> {
        let at = self.batches.partition_point(|batch| batch.last() < seq);
        self.batches.get(at)?.id(seq)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::connection::sample;

    /// These events, published in batches of so many.
    fn ring(seqs: std::ops::RangeInclusive<Seq>, bytes: usize, batch: usize) -> Ring {
        let mut ring = Ring::default();
        let events: Vec<_> = seqs.map(|seq| sample(seq, bytes)).collect();
        for events in events.chunks(batch) {
            EventBatch::encode(events).into_iter().for_each(|batch| ring.push(batch));
        }
        ring
    }

    fn seqs(ring: &Ring, after: Seq, head: Seq) -> Option<Vec<Seq>> {
        let batches = ring.after(after, head)?;
        Some(batches.flat_map(|(batch, skip)| batch.events_after(skip).map(|event| event.seq)).collect())
    }

    #[test]
    fn gives_all_or_nothing() {
        for batch in 1..=5 {
            let ring = ring(11..=15, 10, batch);
            assert_eq!(seqs(&ring, 13, 15), Some(vec![14, 15]));
            assert_eq!(seqs(&ring, 10, 15), Some(vec![11, 12, 13, 14, 15]));
            assert_eq!(seqs(&ring, 9, 15), None);
            assert_eq!(seqs(&ring, 15, 15), Some(vec![]));
            assert_eq!(seqs(&ring, 20, 15), Some(vec![]), "the store is ahead of the room");
        }
        assert_eq!(seqs(&Ring::default(), 0, 0), Some(vec![]));
        assert_eq!(seqs(&Ring::default(), 4, 5), None);
    }

    #[test]
    fn stays_within_its_bounds() {
        let short = ring(1..=1_000, 10, 1);
        assert!((200..=MAX_EVENT_PAGE_SIZE).contains(&short.events) && short.bytes <= MAX_BYTES);
        assert!(ring(1..=1_000, 10, 40).events <= MAX_EVENT_PAGE_SIZE);
        let big = ring(1..=100, 10_000, 1);
        assert!(big.bytes <= MAX_BYTES);
        assert_eq!(big.batches.back().unwrap().last(), 100);
        assert_eq!(ring(1..=3, MAX_BYTES * 2, 1).events, 1, "the newest stays, whatever its size");
    }

    #[test]
    fn what_is_forgotten_is_given_to_nobody() {
        let mut ring = ring(11..=20, 10, 3);
        ring.forget(9);
        assert_eq!(seqs(&ring, 10, 20).unwrap().len(), 10, "not here any more");
        ring.forget(15);
        assert_eq!((seqs(&ring, 15, 20), seqs(&ring, 16, 20)), (None, Some(vec![17, 18, 19, 20])));
        assert_eq!(ring.events, 4);
        ring.forget(20);
        assert_eq!((ring.events, ring.bytes, seqs(&ring, 20, 20)), (0, 0, Some(vec![])));
    }

    #[test]
    fn finds_by_seq() {
        for batch in 1..=5 {
            let ring = ring(11..=15, 1, batch);
            for seq in 11..=15 {
                assert_eq!(ring.id(seq).unwrap().0.as_u128(), u128::from(seq));
            }
            assert!(ring.id(10).is_none() && ring.id(16).is_none());
        }
    }
}
