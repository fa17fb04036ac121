//! The unread index of a room: the authors and mentions of its newest messages. Counts are computed from it each time, so
//! they cannot drift.

use std::collections::{BTreeSet, HashMap, VecDeque};

use parlor_protocol::{Event, Seq, UserId, limits};

use crate::domain::AuthorRange;

/// Events kept. Older ones are never counted.
#[allow(clippy::cast_possible_truncation)]
const MAX_ENTRIES: usize = limits::MAX_UNREAD_COUNTED as usize;

/// How far back is read at first: most people have read nearly everything.
const FIRST_DEPTH: Seq = 1_000;

/// The entry of an event that is not counted.
const NOT_COUNTED: u64 = 0;

pub(super) struct UnreadIndex {
    first: Seq,
    /// See [`author_key`].
    authors: VecDeque<u64>,
    mentions: HashMap<UserId, BTreeSet<Seq>>,
    /// Counts deletions and edits before `first`: a range that was read before one may still have the message as it was.
    changes_before: u64,
}

/// The events that are missing for a count, between two seqs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingRange {
    pub after: Seq,
    pub before: Seq,
    changes_before: u64,
}

impl UnreadIndex {
    /// The empty index of a room with this head.
    pub(super) fn new(head: Seq) -> Self {
        Self { first: head + 1, authors: VecDeque::new(), mentions: HashMap::new(), changes_before: 0 }
    }

    /// The seq after the last entry.
    fn end(&self) -> Seq {
        self.first + to_seq(self.authors.len())
    }

    /// Adds the next event.
    pub(super) fn push(&mut self, event: &Event) {
        if event.seq < self.end() {
            return;
        }
        if event.seq > self.end() {
            // Events were lost on the way here. They are read from the store when needed.
            *self = Self { changes_before: self.changes_before + 1, ..Self::new(event.seq - 1) };
        }
        let entry = match event.event.as_message() {
            Some((_, mentions)) => {
                for user in mentions {
                    self.mentions.entry(*user).or_default().insert(event.seq);
                }
                author_key(event.by.id)
            }
            None => NOT_COUNTED,
        };
        self.authors.push_back(entry);
        if self.authors.len() > MAX_ENTRIES {
            self.authors.pop_front();
            self.first += 1;
            if self.first.is_multiple_of(FIRST_DEPTH) {
                self.drop_old_mentions();
            }
        }
    }

    /// Drops the mentions in messages before `first`.
    fn drop_old_mentions(&mut self) {
        let first = self.first;
        self.mentions.retain(|_, seqs| {
            *seqs = seqs.split_off(&first);
            !seqs.is_empty()
        });
    }

    /// Replaces the mentions in an edited message.
    pub(super) fn set_mentions(&mut self, seq: Seq, mentions: &[UserId]) {
        if seq < self.first {
            // A range that was read before may still have those of the earlier text.
            self.changes_before += 1;
            return;
        }
        self.remove_mentions(seq);
        for user in mentions {
            self.mentions.entry(*user).or_default().insert(seq);
        }
    }

    fn remove_mentions(&mut self, seq: Seq) {
        self.mentions.retain(|_, seqs| {
            seqs.remove(&seq);
            !seqs.is_empty()
        });
    }

    /// Removes a deleted message.
    pub(super) fn delete(&mut self, seq: Seq) {
        let Some(at) = seq.checked_sub(self.first) else {
            self.changes_before += 1;
            return;
        };
        if let Some(entry) = usize::try_from(at).ok().and_then(|at| self.authors.get_mut(at)) {
            *entry = NOT_COUNTED;
        }
        self.remove_mentions(seq);
    }

    /// The events that must be read to count what comes after a seq; `None` when there are none.
    pub(super) fn missing_range(&self, after: Seq) -> Option<MissingRange> {
        let head = self.end() - 1;
        let oldest = head.saturating_sub(limits::MAX_UNREAD_COUNTED);
        if self.first <= after.max(oldest) + 1 {
            return None;
        }
        let near = head.saturating_sub(FIRST_DEPTH);
        let after = if after >= near { near } else { oldest };
        let (after, before) = (after.min(self.first - 1), self.first);
        Some(MissingRange { after, before, changes_before: self.changes_before })
    }

    /// Adds what was read. False when the index has changed meanwhile and the range must be read again.
    pub(super) fn fill(&mut self, missing: MissingRange, read: &AuthorRange) -> bool {
        if missing.before != self.first || missing.changes_before != self.changes_before {
            return false;
        }
        let missing_count = missing.before.saturating_sub(missing.after + 1);
        let count = usize::try_from(missing_count).unwrap_or(MAX_ENTRIES).min(MAX_ENTRIES);
        let from = missing.before - to_seq(count);
        let mut entries = vec![NOT_COUNTED; count];
        let index = |seq: Seq| seq.checked_sub(from).and_then(|at| usize::try_from(at).ok()).filter(|at| *at < count);
        for (seq, author) in &read.messages {
            if let Some(entry) = index(*seq).and_then(|at| entries.get_mut(at)) {
                *entry = author_key(*author);
            }
        }
        for (seq, user) in &read.mentions {
            if index(*seq).is_some() {
                self.mentions.entry(*user).or_default().insert(*seq);
            }
        }
        entries.into_iter().rev().for_each(|entry| self.authors.push_front(entry));
        self.first = from;
        true
    }

    /// Number of messages by others in `after + 1 ..= head`.
    pub(super) fn unread(&self, viewer: UserId, after: Seq, head: Seq) -> u64 {
        let (from, to) = (self.index(after + 1), self.index(head + 1));
        let own = author_key(viewer);
        let others = self.authors.range(from..to.max(from)).filter(|author| **author != NOT_COUNTED && **author != own);
        to_seq(others.count())
    }

    /// Number of messages in `after + 1 ..= head` that mention the viewer.
    pub(super) fn mentions(&self, viewer: UserId, after: Seq, head: Seq) -> u64 {
        let Some(seqs) = self.mentions.get(&viewer) else { return 0 };
        let from = (after + 1).max(self.first);
        if from > head { 0 } else { to_seq(seqs.range(from..=head).count()) }
    }

    /// The index of a seq's entry, limited to the entries.
    fn index(&self, seq: Seq) -> usize {
        usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.authors.len())
    }
}

/// Half of the author's id. Ids are UUIDs of version 7: the second half is random, and one of its bits is always set.
fn author_key(user: UserId) -> u64 {
    user.0.as_u64_pair().1.max(1)
}

fn to_seq(count: usize) -> Seq {
    Seq::try_from(count).unwrap_or(Seq::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use parlor_protocol::EventKind;

    use super::*;
    use crate::connection::sample;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n + 100))
    }

    fn message(seq: Seq, by: u128, named: &[u128]) -> Event {
        let mut event = sample(seq, 1);
        event.by.id = user(by);
        if let EventKind::Message { mentions, .. } = &mut event.event {
            *mentions = named.iter().map(|n| user(*n)).collect();
        }
        event
    }

    fn other(seq: Seq) -> Event {
        Event { event: EventKind::Archived { on: true }, ..sample(seq, 1) }
    }

    /// The store's answer for these events.
    fn read_from(events: &[Event], missing: MissingRange) -> AuthorRange {
        let mut written = AuthorRange::default();
        for event in events.iter().filter(|event| event.seq > missing.after && event.seq < missing.before) {
            if let EventKind::Message { mentions, .. } = &event.event {
                written.messages.push((event.seq, event.by.id));
                written.mentions.extend(mentions.iter().map(|user| (event.seq, *user)));
            }
        }
        written
    }

    #[test]
    fn only_messages_of_others_count() {
        let mut index = UnreadIndex::new(0);
        [message(1, 1, &[]), message(2, 2, &[1, 3]), other(3), message(4, 1, &[2]), message(5, 3, &[1])]
            .iter()
            .for_each(|event| index.push(event));
        let count = |index: &UnreadIndex, viewer, after| {
            (index.unread(user(viewer), after, 5), index.mentions(user(viewer), after, 5))
        };
        assert_eq!([1, 2, 3, 4].map(|viewer| count(&index, viewer, 0)), [(2, 2), (3, 1), (3, 1), (4, 0)]);
        assert_eq!(
            [0, 1, 2, 4, 5, 9].map(|after| count(&index, 1, after)),
            [(2, 2), (2, 2), (1, 1), (1, 1), (0, 0), (0, 0)]
        );
        assert_eq!((index.unread(user(1), 0, 4), index.mentions(user(1), 0, 4)), (1, 1), "up to the head");
        index.delete(5);
        assert_eq!((count(&index, 1, 0), count(&index, 4, 0)), ((1, 1), (3, 0)));
    }

    #[test]
    fn older_events_are_read_once() {
        let events: Vec<_> = (1..=5_000).map(|seq| message(seq, 1, &[2])).collect();
        let mut index = UnreadIndex::new(5_000);
        assert_eq!(index.missing_range(5_000), None);
        let near = index.missing_range(4_990).unwrap_or_else(|| unreachable!());
        assert_eq!((near.after, near.before), (4_000, 5_001));
        assert!(index.fill(near, &read_from(&events, near)));
        assert!(!index.fill(near, &read_from(&events, near)), "once");
        assert_eq!((index.unread(user(2), 4_990, 5_000), index.mentions(user(2), 4_990, 5_000)), (10, 10));
        assert_eq!(index.missing_range(4_000), None);
        let far = index.missing_range(3_999).unwrap_or_else(|| unreachable!());
        assert_eq!((far.after, far.before), (0, 4_001));
        index.delete(17);
        assert!(!index.fill(far, &read_from(&events, far)), "it may have been read before the deletion");
        let before_edit = index.missing_range(0).unwrap_or_else(|| unreachable!());
        index.set_mentions(18, &[user(2)]);
        assert!(!index.fill(before_edit, &read_from(&events, before_edit)), "it may have been read before the edit");
        let again = index.missing_range(0).unwrap_or_else(|| unreachable!());
        let mut read = read_from(&events, again);
        read.messages.retain(|(seq, _)| *seq != 17);
        read.mentions.retain(|(seq, _)| *seq != 17);
        assert!(index.fill(again, &read));
        assert_eq!((index.unread(user(2), 0, 5_000), index.mentions(user(2), 0, 5_000)), (4_999, 4_999));
        assert_eq!(index.missing_range(0), None);
    }

    #[test]
    fn size_is_limited() {
        let mut index = UnreadIndex::new(0);
        (1..=25_000).for_each(|seq| index.push(&message(seq, 1, &[2])));
        assert_eq!(index.authors.len(), MAX_ENTRIES);
        assert_eq!(index.unread(user(2), 0, 25_000), limits::MAX_UNREAD_COUNTED);
        assert_eq!(index.mentions(user(2), 0, 25_000), limits::MAX_UNREAD_COUNTED);
        assert!(index.mentions[&user(2)].len() <= MAX_ENTRIES + 1_000);
        assert_eq!(index.missing_range(0), None);
        let mut asleep = UnreadIndex::new(25_000);
        let unknown = asleep.missing_range(0).unwrap_or_else(|| unreachable!());
        assert_eq!((unknown.after, unknown.before), (15_000, 25_001));
        assert!(asleep.fill(unknown, &AuthorRange::default()));
        assert_eq!(asleep.authors.len(), MAX_ENTRIES);
    }

    proptest! {
        /// Events arrive live or are read later, in any order: the counts are always those of the events.
        #[test]
        fn counts_match_the_events(
            kinds in proptest::collection::vec((0_u128..4, 0_u128..4), 1..60),
            heard_after in 0_u64..60,
            edited in proptest::collection::vec((1_u64..60, 0_u128..4), 0..6),
            deleted in proptest::collection::vec(1_u64..60, 0..6),
            asked in proptest::collection::vec(0_u64..60, 1..6),
        ) {
            let mut events: Vec<_> = (1..).zip(&kinds).map(|(seq, (by, named))| {
                if *by == 0 { other(seq) } else { message(seq, *by, &[*named]) }
            }).collect();
            let head = to_seq(events.len());
            let mut index = UnreadIndex::new(heard_after.min(head));
            events.iter().filter(|event| event.seq > heard_after).for_each(|event| index.push(event));
            for (seq, named) in edited {
                if let Some(EventKind::Message { mentions, .. }) =
                    events.iter_mut().find(|event| event.seq == seq).map(|event| &mut event.event)
                {
                    *mentions = vec![user(named)];
                    index.set_mentions(seq, mentions);
                }
            }
            for seq in deleted {
                index.delete(seq);
                if let Some(event) = events.iter_mut().find(|event| event.seq == seq) {
                    *event = other(seq);
                }
            }
            for after in asked {
                if let Some(unknown) = index.missing_range(after) {
                    prop_assert!(index.fill(unknown, &read_from(&events, unknown)));
                }
                prop_assert_eq!(index.missing_range(after), None);
                for viewer in 0..4 {
                    let unread: Vec<_> = events.iter().filter(|event| event.seq > after && event.by.id != user(viewer))
                        .filter_map(|event| match &event.event {
                            EventKind::Message { mentions, .. } => Some(mentions.contains(&user(viewer))),
                            _ => None,
                        }).collect();
                    prop_assert_eq!(index.unread(user(viewer), after, head), to_seq(unread.len()));
                    let by_anyone = events.iter().filter(|event| event.seq > after && matches!(
                        &event.event, EventKind::Message { mentions, .. } if mentions.contains(&user(viewer))));
                    prop_assert_eq!(index.mentions(user(viewer), after, head), to_seq(by_anyone.count()));
                }
            }
        }
    }
}
