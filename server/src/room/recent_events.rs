//! The newest events of a room, encoded, so that a client that resumes after a short absence needs no database read.

use std::{collections::VecDeque, sync::Arc};

use parlor_protocol::{CommandId, Seq};

use crate::connection::EventBatch;

/// Most events kept. The newest batch is kept whatever its size.
const MAX_EVENT_PAGE_SIZE: usize = 256;

/// Most bytes kept per room.
const MAX_BYTES: usize = 64 * 1024;

/// Batches of events with consecutive seqs, the newest at the back.
#[derive(Default)]
pub(super) struct RecentEvents {
    batches: VecDeque<Arc<EventBatch>>,
    events: usize,
    bytes: usize,
    /// Messages and their edits, as far as these may be among the events.
    edits: VecDeque<(Seq, Seq)>,
}

impl RecentEvents {
    /// Adds the next events and drops the oldest beyond the limits.
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

    /// All events after a seq, or `None` when some are no longer in memory: batches, and how many events of each to skip.
    pub(super) fn after(&self, after: Seq, head: Seq) -> Option<impl Iterator<Item = (&Arc<EventBatch>, usize)>> {
        let complete = after >= head || self.batches.front().is_some_and(|oldest| oldest.first <= after + 1);
        let skip = self.batches.partition_point(|batch| batch.last() <= after);
        complete.then(|| self.batches.iter().skip(skip).map(move |batch| (batch, batch.known_to(after))))
    }

    /// Notes which event is an edit of a message.
    pub(super) fn note_edit(&mut self, message: Seq, edit: Seq) {
        if self.edits.len() >= MAX_EVENT_PAGE_SIZE {
            // More than that many events ago, unless batches are larger. Then what is in memory is dropped.
            if let Some((_, oldest)) = self.edits.pop_front() {
                self.forget(oldest);
            }
        }
        self.edits.push_back((message, edit));
    }

    /// Drops everything up to and including the batch with the newest text of a message.
    pub(super) fn forget_message(&mut self, message: Seq) {
        let edits = self.edits.iter().filter(|(edited, _)| *edited == message).map(|(_, edit)| *edit);
        let newest = edits.max().unwrap_or(message);
        self.forget(newest);
        self.edits.retain(|(_, edit)| *edit > newest);
    }

    /// Drops everything up to and including the batch with this event.
    fn forget(&mut self, seq: Seq) {
        while let Some(oldest) = self.batches.pop_front_if(|oldest| oldest.first <= seq) {
            self.events -= oldest.len();
            self.bytes -= oldest.bytes_after(0).len();
        }
    }

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

    fn recent_events(seqs: std::ops::RangeInclusive<Seq>, bytes: usize, batch: usize) -> RecentEvents {
        let mut recent = RecentEvents::default();
        let events: Vec<_> = seqs.map(|seq| sample(seq, bytes)).collect();
        for events in events.chunks(batch) {
            EventBatch::encode(events).into_iter().for_each(|batch| recent.push(batch));
        }
        recent
    }

    fn seqs(recent: &RecentEvents, after: Seq, head: Seq) -> Option<Vec<Seq>> {
        let batches = recent.after(after, head)?;
        Some(batches.flat_map(|(batch, skip)| batch.events_after(skip).map(|event| event.seq)).collect())
    }

    #[test]
    fn events_are_complete_or_missing() {
        for batch in 1..=5 {
            let recent = recent_events(11..=15, 10, batch);
            assert_eq!(seqs(&recent, 13, 15), Some(vec![14, 15]));
            assert_eq!(seqs(&recent, 10, 15), Some(vec![11, 12, 13, 14, 15]));
            assert_eq!(seqs(&recent, 9, 15), None);
            assert_eq!(seqs(&recent, 15, 15), Some(vec![]));
            assert_eq!(seqs(&recent, 20, 15), Some(vec![]), "the store is ahead of the room");
        }
        assert_eq!(seqs(&RecentEvents::default(), 0, 0), Some(vec![]));
        assert_eq!(seqs(&RecentEvents::default(), 4, 5), None);
    }

    #[test]
    fn size_is_limited() {
        let short = recent_events(1..=1_000, 10, 1);
        assert!((200..=MAX_EVENT_PAGE_SIZE).contains(&short.events) && short.bytes <= MAX_BYTES);
        assert!(recent_events(1..=1_000, 10, 40).events <= MAX_EVENT_PAGE_SIZE);
        let big = recent_events(1..=100, 10_000, 1);
        assert!(big.bytes <= MAX_BYTES);
        assert_eq!(big.batches.back().unwrap().last(), 100);
        assert_eq!(recent_events(1..=3, MAX_BYTES * 2, 1).events, 1, "the newest stays, whatever its size");
    }

    #[test]
    fn forgotten_events_are_missing() {
        let mut recent = recent_events(11..=20, 10, 3);
        recent.forget(9);
        assert_eq!(seqs(&recent, 10, 20).unwrap().len(), 10, "already dropped");
        recent.forget(15);
        assert_eq!((seqs(&recent, 15, 20), seqs(&recent, 16, 20)), (None, Some(vec![17, 18, 19, 20])));
        assert_eq!(recent.events, 4);
        recent.forget(20);
        assert_eq!((recent.events, recent.bytes, seqs(&recent, 20, 20)), (0, 0, Some(vec![])));
    }

    #[test]
    fn deleted_messages_are_forgotten_with_their_edits() {
        let mut recent = recent_events(11..=20, 10, 1);
        recent.note_edit(12, 15);
        recent.note_edit(13, 16);
        recent.note_edit(12, 17);
        recent.forget_message(12);
        assert_eq!((seqs(&recent, 16, 20), seqs(&recent, 17, 20)), (None, Some(vec![18, 19, 20])));
        for edit in 21..1_000 {
            recent.push(EventBatch::encode(&[sample(edit, 10)]).remove(0));
            recent.note_edit(13, edit);
            assert!(recent.edits.len() <= MAX_EVENT_PAGE_SIZE);
        }
        recent.forget_message(13);
        assert_eq!(recent.events, 0, "the last one is an edit of it");
    }

    #[test]
    fn ids_are_found_by_seq() {
        for batch in 1..=5 {
            let recent = recent_events(11..=15, 1, batch);
            for seq in 11..=15 {
                assert_eq!(recent.id(seq).unwrap().0.as_u128(), u128::from(seq));
            }
            assert!(recent.id(10).is_none() && recent.id(16).is_none());
        }
    }
}
