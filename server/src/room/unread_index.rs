//! What counts as unread in a room: for the newest events of its log, who wrote those that are messages and still there, and
//! whom they name. Counts are taken from here each time; nothing is added up that could drift.

use std::collections::{BTreeSet, HashMap, VecDeque};

use parlor_protocol::{Event, EventKind, Seq, UserId, limits};

use crate::domain::AuthorRange;

/// Events kept: what is further back counts for nobody any more.
#[allow(clippy::cast_possible_truncation)]
const MOST: usize = limits::MAX_UNREAD_COUNTED as usize;

/// How far back is read at first. Most people have read nearly everything.
const FIRST_DEPTH: Seq = 1_000;

/// Stands for an event that counts for nobody.
const NOTHING: u64 = 0;

/// See the module.
pub(super) struct UnreadIndex {
    /// The seq of the first entry.
    first: Seq,
    /// Half of the author's id, which is random enough to be nobody else's.
    authors: VecDeque<u64>,
    /// The messages that name someone, by whom they name.
    named: HashMap<UserId, BTreeSet<Seq>>,
    /// Counts deletions of what is not known here: what was read before one may still have it.
    deleted_before: u64,
}

/// What is to be read for a count: the events between two seqs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// After this one.
    pub after: Seq,
    /// Before this one.
    pub before: Seq,
    mark: u64,
}

impl UnreadIndex {
    /// Of a room with this head, of which nothing is known yet.
    pub(super) fn new(head: Seq) -> Self {
        Self { first: head + 1, authors: VecDeque::new(), named: HashMap::new(), deleted_before: 0 }
    }

    /// The seq after the last entry.
    fn end(&self) -> Seq {
        self.first + to_seq(self.authors.len())
    }

    /// Takes in the next event.
    pub(super) fn push(&mut self, event: &Event) {
        if event.seq < self.end() {
            return;
        }
        if event.seq > self.end() {
            // Something was lost on the way here. It is read when it is asked for.
            *self = Self { deleted_before: self.deleted_before + 1, ..Self::new(event.seq - 1) };
        }
        let entry = match &event.event {
            EventKind::Message { mentions, .. } => {
                for user in mentions {
                    self.named.entry(*user).or_default().insert(event.seq);
                }
                half(event.by.id)
            }
            _ => NOTHING,
        };
        self.authors.push_back(entry);
        if self.authors.len() > MOST {
            self.authors.pop_front();
            self.first += 1;
            if self.first.is_multiple_of(FIRST_DEPTH) {
                self.forget_names();
            }
        }
    }

    /// Lets go of names in messages that are no longer here.
    fn forget_names(&mut self) {
        let first = self.first;
        self.named.retain(|_, seqs| {
            *seqs = seqs.split_off(&first);
            !seqs.is_empty()
        });
    }

    /// A message is gone.
    pub(super) fn delete(&mut self, seq: Seq) {
        let Some(at) = seq.checked_sub(self.first) else {
            self.deleted_before += 1;
            return;
        };
        if let Some(entry) = usize::try_from(at).ok().and_then(|at| self.authors.get_mut(at)) {
            *entry = NOTHING;
        }
        self.named.retain(|_, seqs| {
            seqs.remove(&seq);
            !seqs.is_empty()
        });
    }

    /// What has to be read before one can count what comes after a seq; none when it is all here.
    pub(super) fn unknown(&self, after: Seq) -> Option<Unknown> {
        let head = self.end() - 1;
        let oldest = head.saturating_sub(limits::MAX_UNREAD_COUNTED);
        if self.first <= after.max(oldest) + 1 {
            return None;
        }
        let near = head.saturating_sub(FIRST_DEPTH);
        let after = if after >= near { near } else { oldest };
        Some(Unknown { after: after.min(self.first - 1), before: self.first, mark: self.deleted_before })
    }

    /// Takes in what was read. False when it is no longer what is unknown: to be asked and read again.
    pub(super) fn fill(&mut self, unknown: Unknown, written: &AuthorRange) -> bool {
        if unknown.before != self.first || unknown.mark != self.deleted_before {
            return false;
        }
        let many = usize::try_from(unknown.before.saturating_sub(unknown.after + 1)).unwrap_or(MOST).min(MOST);
        let from = unknown.before - to_seq(many);
        let mut entries = vec![NOTHING; many];
        let place = |seq: Seq| seq.checked_sub(from).and_then(|at| usize::try_from(at).ok()).filter(|at| *at < many);
        for (seq, author) in &written.messages {
            if let Some(entry) = place(*seq).and_then(|at| entries.get_mut(at)) {
                *entry = half(*author);
            }
        }
        for (seq, user) in &written.mentions {
            if place(*seq).is_some() {
                self.named.entry(*user).or_default().insert(*seq);
            }
        }
        entries.into_iter().rev().for_each(|entry| self.authors.push_front(entry));
        self.first = from;
        true
    }

    /// Messages by others after a seq, up to another one.
    pub(super) fn unread(&self, viewer: UserId, after: Seq, head: Seq) -> u64 {
        let (from, to) = (self.place(after + 1), self.place(head + 1));
        let mine = half(viewer);
        let others = self.authors.range(from..to.max(from)).filter(|author| **author != NOTHING && **author != mine);
        to_seq(others.count())
    }

    /// Messages after a seq, up to another one, that name someone.
    pub(super) fn mentions(&self, viewer: UserId, after: Seq, head: Seq) -> u64 {
        let Some(seqs) = self.named.get(&viewer) else { return 0 };
        let from = (after + 1).max(self.first);
        if from > head { 0 } else { to_seq(seqs.range(from..=head).count()) }
    }

    /// Where the entry of a seq stands, or would stand.
    fn place(&self, seq: Seq) -> usize {
        usize::try_from(seq.saturating_sub(self.first)).unwrap_or(usize::MAX).min(self.authors.len())
    }
}

/// Ids are UUIDs of version 7: the second half is random, and has a bit that is always set.
fn half(user: UserId) -> u64 {
    user.0.as_u64_pair().1.max(1)
}

fn to_seq(count: usize) -> Seq {
    Seq::try_from(count).unwrap_or(Seq::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;
    use crate::connection::sample;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n + 100))
    }

    /// A message that names some.
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

    /// What the store would say of these events.
    fn written(events: &[Event], unknown: Unknown) -> AuthorRange {
        let mut written = AuthorRange::default();
        for event in events.iter().filter(|event| event.seq > unknown.after && event.seq < unknown.before) {
            if let EventKind::Message { mentions, .. } = &event.event {
                written.messages.push((event.seq, event.by.id));
                written.mentions.extend(mentions.iter().map(|user| (event.seq, *user)));
            }
        }
        written
    }

    #[test]
    fn others_messages_count_and_nothing_else() {
        let mut tally = UnreadIndex::new(0);
        [message(1, 1, &[]), message(2, 2, &[1, 3]), other(3), message(4, 1, &[2]), message(5, 3, &[1])]
            .iter()
            .for_each(|event| tally.push(event));
        let count = |tally: &UnreadIndex, viewer, after| {
            (tally.unread(user(viewer), after, 5), tally.mentions(user(viewer), after, 5))
        };
        assert_eq!([1, 2, 3, 4].map(|viewer| count(&tally, viewer, 0)), [(2, 2), (3, 1), (3, 1), (4, 0)]);
        assert_eq!(
            [0, 1, 2, 4, 5, 9].map(|after| count(&tally, 1, after)),
            [(2, 2), (2, 2), (1, 1), (1, 1), (0, 0), (0, 0)]
        );
        assert_eq!((tally.unread(user(1), 0, 4), tally.mentions(user(1), 0, 4)), (1, 1), "up to what is shown");
        tally.delete(5);
        assert_eq!((count(&tally, 1, 0), count(&tally, 4, 0)), ((1, 1), (3, 0)));
    }

    #[test]
    fn what_is_further_back_is_read_once() {
        let events: Vec<_> = (1..=5_000).map(|seq| message(seq, 1, &[2])).collect();
        let mut tally = UnreadIndex::new(5_000);
        assert_eq!(tally.unknown(5_000), None);
        let near = tally.unknown(4_990).unwrap_or_else(|| unreachable!());
        assert_eq!((near.after, near.before), (4_000, 5_001));
        assert!(tally.fill(near, &written(&events, near)));
        assert!(!tally.fill(near, &written(&events, near)), "once");
        assert_eq!((tally.unread(user(2), 4_990, 5_000), tally.mentions(user(2), 4_990, 5_000)), (10, 10));
        assert_eq!(tally.unknown(4_000), None);
        let far = tally.unknown(3_999).unwrap_or_else(|| unreachable!());
        assert_eq!((far.after, far.before), (0, 4_001));
        tally.delete(17);
        assert!(!tally.fill(far, &written(&events, far)), "it may have been read before it was deleted");
        let again = tally.unknown(0).unwrap_or_else(|| unreachable!());
        let mut read = written(&events, again);
        read.messages.retain(|(seq, _)| *seq != 17);
        read.mentions.retain(|(seq, _)| *seq != 17);
        assert!(tally.fill(again, &read));
        assert_eq!((tally.unread(user(2), 0, 5_000), tally.mentions(user(2), 0, 5_000)), (4_999, 4_999));
        assert_eq!(tally.unknown(0), None);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut tally = UnreadIndex::new(0);
        (1..=25_000).for_each(|seq| tally.push(&message(seq, 1, &[2])));
        assert_eq!(tally.authors.len(), MOST);
        assert_eq!(tally.unread(user(2), 0, 25_000), limits::MAX_UNREAD_COUNTED);
        assert_eq!(tally.mentions(user(2), 0, 25_000), limits::MAX_UNREAD_COUNTED);
        assert!(tally.named[&user(2)].len() <= MOST + 1_000);
        assert_eq!(tally.unknown(0), None);
        let mut asleep = UnreadIndex::new(25_000);
        let unknown = asleep.unknown(0).unwrap_or_else(|| unreachable!());
        assert_eq!((unknown.after, unknown.before), (15_000, 25_001));
        assert!(asleep.fill(unknown, &AuthorRange::default()));
        assert_eq!(asleep.authors.len(), MOST);
    }

    proptest! {
        /// Whatever was heard and whatever is read later, in whatever order: the counts are those of the events.
        #[test]
        fn counts_are_those_of_the_events(
            kinds in proptest::collection::vec((0_u128..4, 0_u128..4), 1..60),
            heard_after in 0_u64..60,
            deleted in proptest::collection::vec(1_u64..60, 0..6),
            asked in proptest::collection::vec(0_u64..60, 1..6),
        ) {
            let mut events: Vec<_> = (1..).zip(&kinds).map(|(seq, (by, named))| {
                if *by == 0 { other(seq) } else { message(seq, *by, &[*named]) }
            }).collect();
            let head = to_seq(events.len());
            let mut tally = UnreadIndex::new(heard_after.min(head));
            events.iter().filter(|event| event.seq > heard_after).for_each(|event| tally.push(event));
            for seq in deleted {
                tally.delete(seq);
                if let Some(event) = events.iter_mut().find(|event| event.seq == seq) {
                    *event = other(seq);
                }
            }
            for after in asked {
                if let Some(unknown) = tally.unknown(after) {
                    prop_assert!(tally.fill(unknown, &written(&events, unknown)));
                }
                prop_assert_eq!(tally.unknown(after), None);
                for viewer in 0..4 {
                    let unread: Vec<_> = events.iter().filter(|event| event.seq > after && event.by.id != user(viewer))
                        .filter_map(|event| match &event.event {
                            EventKind::Message { mentions, .. } => Some(mentions.contains(&user(viewer))),
                            _ => None,
                        }).collect();
                    prop_assert_eq!(tally.unread(user(viewer), after, head), to_seq(unread.len()));
                    let by_anyone = events.iter().filter(|event| event.seq > after && matches!(
                        &event.event, EventKind::Message { mentions, .. } if mentions.contains(&user(viewer))));
                    prop_assert_eq!(tally.mentions(user(viewer), after, head), to_seq(by_anyone.count()));
                }
            }
        }
    }
}
