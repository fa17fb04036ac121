//! The newest events of a room, encoded: a client that was away for a moment is caught up without a database read.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::Seq;

use crate::connection::EventFrame;

/// Most events kept.
const MAX_EVENTS: usize = 256;

/// Most bytes kept, a room.
const MAX_BYTES: usize = 64 * 1024;

/// Events with consecutive seqs, the newest at the back.
#[derive(Default)]
pub(super) struct Ring {
    events: VecDeque<Arc<EventFrame>>,
    bytes: usize,
}

impl Ring {
    /// Adds the next event; the oldest make room for it.
    pub(super) fn push(&mut self, event: Arc<EventFrame>) {
        self.bytes += event.text.len();
        self.events.push_back(event);
        while self.events.len() > MAX_EVENTS || (self.bytes > MAX_BYTES && self.events.len() > 1) {
            if let Some(oldest) = self.events.pop_front() {
                self.bytes -= oldest.text.len();
            }
        }
    }

    /// All events after a seq, or `None` when some of them are no longer here.
    pub(super) fn after(&self, after: Seq, head: Seq) -> Option<impl Iterator<Item = &Arc<EventFrame>>> {
        let missing = head.saturating_sub(after);
        let skip = self.events.len().checked_sub(usize::try_from(missing).ok()?)?;
        Some(self.events.iter().skip(skip))
    }

    /// The event at a seq.
    pub(super) fn get(&self, seq: Seq) -> Option<&Arc<EventFrame>> {
        let first = self.events.front()?.seq;
        self.events.get(usize::try_from(seq.checked_sub(first)?).ok()?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use parlor_protocol::{CommandId, RoomId};

    use super::*;

    fn ring(seqs: std::ops::RangeInclusive<Seq>, bytes: usize) -> Ring {
        let mut ring = Ring::default();
        for seq in seqs {
            let id = CommandId(uuid::Uuid::from_u128(u128::from(seq)));
            let text = "x".repeat(bytes).into();
            ring.push(Arc::new(EventFrame { room: RoomId::lobby(), seq, id, text }));
        }
        ring
    }

    fn seqs(ring: &Ring, after: Seq, head: Seq) -> Option<Vec<Seq>> {
        ring.after(after, head).map(|events| events.map(|event| event.seq).collect())
    }

    #[test]
    fn gives_all_or_nothing() {
        let ring = ring(11..=15, 10);
        assert_eq!(seqs(&ring, 13, 15), Some(vec![14, 15]));
        assert_eq!(seqs(&ring, 10, 15), Some(vec![11, 12, 13, 14, 15]));
        assert_eq!(seqs(&ring, 9, 15), None);
        assert_eq!(seqs(&ring, 15, 15), Some(vec![]));
        assert_eq!(seqs(&ring, 20, 15), Some(vec![]), "the store is ahead of the room");
        assert_eq!(seqs(&Ring::default(), 0, 0), Some(vec![]));
        assert_eq!(seqs(&Ring::default(), 4, 5), None);
    }

    #[test]
    fn stays_within_its_bounds() {
        assert_eq!(ring(1..=1_000, 10).events.len(), MAX_EVENTS);
        let big = ring(1..=100, 10_000);
        assert!(big.bytes <= MAX_BYTES);
        assert_eq!(big.events.back().unwrap().seq, 100);
        assert_eq!(ring(1..=3, MAX_BYTES * 2).events.len(), 1, "the newest stays, whatever its size");
    }

    #[test]
    fn finds_by_seq() {
        let ring = ring(11..=15, 1);
        assert_eq!(ring.get(12).unwrap().id.0.as_u128(), 12);
        assert!(ring.get(10).is_none() && ring.get(16).is_none());
    }
}
