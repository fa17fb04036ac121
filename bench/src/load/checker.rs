//! Whether every receiver got every message of its room once, and those of one sender in their order.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::body::Said;

/// Beyond, what is missing counts as lost even if it should come later.
const MOST_MISSING: usize = 1_000_000;

/// What went wrong with deliveries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violations {
    /// Did not come to a receiver.
    pub lost: u64,
    /// Came to a receiver a second time.
    pub doubled: u64,
    /// Came to a receiver after a later one of the same sender.
    pub reordered: u64,
    /// Came to someone of another room, or was never sent.
    pub misplaced: u64,
}

impl Violations {
    /// Whether there is none.
    #[must_use]
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}

/// Knows what was sent, and what everyone has got.
pub struct Checker {
    members: usize,
    senders: usize,
    /// Messages of each sender.
    sent: Vec<u32>,
    /// The number that each receiver is to get next from each sender of its room, receiver by receiver.
    next: Vec<u32>,
    /// Receiver, sender and number of what was overtaken, and may come yet.
    missing: HashSet<(u32, u32, u32)>,
    found: Violations,
}

impl Checker {
    /// For rooms of `members`, of whom `senders` write. Both are counted through all rooms.
    #[must_use]
    pub fn new(rooms: usize, members: usize, senders: usize) -> Self {
        Self {
            members,
            senders,
            sent: vec![0; rooms * senders],
            next: vec![0; rooms * members * senders],
            missing: HashSet::new(),
            found: Violations::default(),
        }
    }

    /// The sender says something more: its number.
    pub fn sends(&mut self, sender: usize) -> u32 {
        let number = self.sent[sender];
        self.sent[sender] = number + 1;
        number
    }

    /// How much the sender has said.
    #[must_use]
    pub fn sent(&self, sender: usize) -> u32 {
        self.sent[sender]
    }

    /// A receiver got a message. True when it is the one that it had to get next from that sender.
    pub fn received(&mut self, receiver: usize, said: Said) -> bool {
        let sender = said.sender as usize;
        let slot = sender.wrapping_sub(receiver / self.members * self.senders);
        if slot >= self.senders || said.number >= self.sent[sender] {
            self.found.misplaced += 1;
            return false;
        }
        let next = &mut self.next[receiver * self.senders + slot];
        if said.number == *next {
            *next += 1;
            return true;
        }
        let expected = *next;
        if said.number > expected {
            *next = said.number + 1;
            self.skipped(receiver, said, expected);
        } else if self.missing.remove(&key(receiver, said.sender, said.number)) {
            self.found.reordered += 1;
        } else {
            self.found.doubled += 1;
        }
        false
    }

    fn skipped(&mut self, receiver: usize, said: Said, expected: u32) {
        for number in expected..said.number {
            if self.missing.len() < MOST_MISSING {
                self.missing.insert(key(receiver, said.sender, number));
            } else {
                self.found.lost += 1;
            }
        }
    }

    /// Deliveries that have yet to come.
    #[must_use]
    pub fn outstanding(&self) -> u64 {
        let mut count = self.missing.len() as u64;
        for (receiver, next) in self.next.chunks(self.senders).enumerate() {
            let room = receiver / self.members;
            let sent = &self.sent[room * self.senders..(room + 1) * self.senders];
            count += sent.iter().zip(next).map(|(sent, next)| u64::from(sent - next)).sum::<u64>();
        }
        count
    }

    /// What went wrong, now that nothing more will come.
    #[must_use]
    pub fn finish(&self) -> Violations {
        Violations { lost: self.found.lost + self.outstanding(), ..self.found }
    }
}

#[allow(clippy::cast_possible_truncation)] // There are at most 20,000 receivers.
fn key(receiver: usize, sender: u32, number: u32) -> (u32, u32, u32) {
    (receiver as u32, sender, number)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One room of two, both of whom write; the second sends four messages, and the first gets these.
    fn check(received: &[u32]) -> Violations {
        let mut checker = Checker::new(1, 2, 2);
        for _ in 0..4 {
            checker.sends(1);
        }
        for number in received {
            checker.received(0, Said { sender: 1, number: *number });
        }
        for number in 0..4 {
            assert!(checker.received(1, Said { sender: 1, number }), "the second gets everything");
        }
        checker.finish()
    }

    #[test]
    fn what_is_complete_and_in_order_is_right() {
        assert!(check(&[0, 1, 2, 3]).none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let none = Violations::default();
        for (received, found) in [
            (&[0, 2, 3][..], Violations { lost: 1, ..none }),
            (&[0, 1, 2], Violations { lost: 1, ..none }),
            (&[], Violations { lost: 4, ..none }),
            (&[0, 1, 1, 2, 3], Violations { doubled: 1, ..none }),
            (&[0, 1, 2, 3, 0], Violations { doubled: 1, ..none }),
            (&[0, 2, 1, 3], Violations { reordered: 1, ..none }),
            (&[3, 2, 1, 0], Violations { reordered: 3, ..none }),
            (&[1, 0, 0, 3], Violations { lost: 1, doubled: 1, reordered: 1, ..none }),
            (&[0, 1, 2, 3, 4], Violations { misplaced: 1, ..none }),
        ] {
            assert_eq!(check(received), found, "{received:?}");
        }
    }

    #[test]
    fn rooms_are_kept_apart() {
        let mut checker = Checker::new(2, 3, 1);
        assert_eq!((checker.sends(0), checker.sends(1), checker.sends(1)), (0, 0, 1));
        let of = |sender, number| Said { sender, number };
        for receiver in 0..3 {
            assert!(checker.received(receiver, of(0, 0)));
        }
        for receiver in 3..6 {
            assert!(checker.received(receiver, of(1, 0)));
        }
        assert_eq!(checker.outstanding(), 3);
        assert!(!checker.received(2, of(1, 1)), "this is of the other room");
        assert!(!checker.received(4, of(7, 0)), "nobody has this number");
        let found = checker.finish();
        assert_eq!((found.misplaced, found.lost), (2, 3));
    }
}
