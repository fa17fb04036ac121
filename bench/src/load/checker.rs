//! Checks that every receiver got every message of its room once, and those of one sender in order.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::body::MessageRef;

/// Limit of tracked missing messages. Beyond it they count as lost even if they arrive later.
const MOST_MISSING: usize = 1_000_000;

/// Counts of delivery errors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violations {
    pub lost: u64,
    /// Delivered more than once.
    pub doubled: u64,
    /// Delivered after a later one of the same sender.
    pub reordered: u64,
    /// Delivered to another room, or never sent.
    pub misplaced: u64,
}

impl Violations {
    /// Whether there are no errors.
    pub fn none(&self) -> bool {
        *self == Self::default()
    }
}

/// Tracks what was sent and what each receiver got.
pub struct Checker {
    members: usize,
    senders: usize,
    /// Number of messages sent, by sender.
    sent: Vec<u32>,
    /// Next expected number, by receiver and sender.
    next: Vec<u32>,
    /// Receiver, sender and number of messages that were skipped and may still arrive.
    missing: HashSet<(u32, u32, u32)>,
    found: Violations,
}

impl Checker {
    /// For rooms of `members`, of which the first `senders` send. Indices count through all rooms.
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

    /// Records a sent message and returns its number.
    pub fn sends(&mut self, sender: usize) -> u32 {
        let number = self.sent[sender];
        self.sent[sender] = number + 1;
        number
    }

    /// Number of messages of a sender.
    pub fn sent(&self, sender: usize) -> u32 {
        self.sent[sender]
    }

    /// Records a delivery. True if it is the next one expected from its sender.
    pub fn received(&mut self, receiver: usize, message: MessageRef) -> bool {
        let sender = message.sender as usize;
        let slot = sender.wrapping_sub(receiver / self.members * self.senders);
        if slot >= self.senders || message.number >= self.sent[sender] {
            self.found.misplaced += 1;
            return false;
        }
        let next = &mut self.next[receiver * self.senders + slot];
        if message.number == *next {
            *next += 1;
            return true;
        }
        let expected = *next;
        if message.number > expected {
            *next = message.number + 1;
            self.skipped(receiver, message, expected);
        } else if self.missing.remove(&key(receiver, message.sender, message.number)) {
            self.found.reordered += 1;
        } else {
            self.found.doubled += 1;
        }
        false
    }

    fn skipped(&mut self, receiver: usize, message: MessageRef, expected: u32) {
        for number in expected..message.number {
            if self.missing.len() < MOST_MISSING {
                self.missing.insert(key(receiver, message.sender, number));
            } else {
                self.found.lost += 1;
            }
        }
    }

    /// Number of outstanding deliveries.
    pub fn outstanding(&self) -> u64 {
        let mut count = self.missing.len() as u64;
        for (receiver, next) in self.next.chunks(self.senders).enumerate() {
            let room = receiver / self.members;
            let sent = &self.sent[room * self.senders..(room + 1) * self.senders];
            count += sent.iter().zip(next).map(|(sent, next)| u64::from(sent - next)).sum::<u64>();
        }
        count
    }

    /// The errors, once no more deliveries are expected.
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

    /// One room of two senders; the second sends four messages, and the first receives these.
    fn check(received: &[u32]) -> Violations {
        let mut checker = Checker::new(1, 2, 2);
        for _ in 0..4 {
            checker.sends(1);
        }
        for number in received {
            checker.received(0, MessageRef { sender: 1, number: *number });
        }
        for number in 0..4 {
            assert!(checker.received(1, MessageRef { sender: 1, number }), "the second gets everything");
        }
        checker.finish()
    }

    #[test]
    fn complete_ordered_deliveries_pass() {
        assert!(check(&[0, 1, 2, 3]).none());
    }

    #[test]
    fn violations_are_counted() {
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
    fn rooms_are_checked_separately() {
        let mut checker = Checker::new(2, 3, 1);
        assert_eq!((checker.sends(0), checker.sends(1), checker.sends(1)), (0, 0, 1));
        let of = |sender, number| MessageRef { sender, number };
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
