//! Checks the log of one client in one room.
//!
//! After a restore, a client whose newest event is in both histories is not notified. So histories are tried in order: an
//! entry that does not match the current one may match a later one, if the client's newest event does as well. That
//! condition rejects mixed histories.

use std::collections::{HashMap, HashSet};

use parlor_protocol::{CommandId, RoomId, Seq};

use super::{ClientLog, Rule, Summary, Violation, history_index::HistoryIndex, log::Entry, violation};

/// State of a message that the client sent.
struct Fate {
    tries: usize,
    /// Position in the order of first sends.
    place: usize,
    acked: bool,
    refused: bool,
    /// Epoch and seq of the newest ack before the first send.
    acked_before: Option<(usize, Seq)>,
}

struct ClientCheck<'a> {
    epochs: &'a [HistoryIndex<'a>],
    log: &'a ClientLog,
    room: &'a RoomId,
    /// Index of the client's current history.
    epoch: usize,
    /// Newest event that it has, with its id if known.
    last: Option<(Seq, Option<CommandId>)>,
    fates: HashMap<CommandId, Fate>,
    newest_ack: Option<(usize, Seq)>,
    summary: &'a mut Summary,
    found: &'a mut Vec<Violation>,
}

pub(super) fn check(
    epochs: &[HistoryIndex<'_>],
    log: &ClientLog,
    room: &RoomId,
    entries: &[Entry],
    summary: &mut Summary,
    found: &mut Vec<Violation>,
) {
    let mut check = ClientCheck {
        epochs,
        log,
        room,
        epoch: 0,
        last: None,
        fates: HashMap::new(),
        newest_ack: None,
        summary,
        found,
    };
    let mut rest = entries;
    while let Some((entry, after)) = rest.split_first() {
        rest = after;
        match *entry {
            Entry::Sent(id) => check.sent(id),
            Entry::Acked(id, seq) => check.acked(id, seq),
            Entry::Refused(id) => check.refused(id),
            Entry::Began(after) => check.began(after),
            Entry::Event(seq, id) => check.event(seq, id),
            Entry::Reloaded(head, count) => {
                let (page, after) = rest.split_at(count);
                rest = after;
                check.reloaded(head, page);
            }
            // Consumed by the preceding `Reloaded`.
            Entry::Paged(..) => {}
            Entry::Changed => check.changed(),
        }
    }
    check.end();
}

impl ClientCheck<'_> {
    fn report(&mut self, rule: Rule, seq: Option<Seq>, id: Option<CommandId>, text: String) {
        self.found.push(violation(rule, Some(self.log), self.room, seq, id, text));
    }

    /// Whether the client's newest event is in a history.
    fn fits(&self, epoch: usize) -> bool {
        match self.last {
            None | Some((0, _)) => true,
            Some((seq, Some(id))) => self.epochs[epoch].at(self.room, seq) == Some(id),
            Some((seq, None)) => self.epochs[epoch].at(self.room, seq).is_some(),
        }
    }

    /// Advances to the first history, starting at the current one, that satisfies a condition and matches the client's
    /// newest event. False if there is none.
    fn advance_epoch(&mut self, holds: impl Fn(&HistoryIndex<'_>) -> bool) -> bool {
        let fitting = (self.epoch..self.epochs.len())
            .find(|epoch| holds(&self.epochs[*epoch]) && (*epoch == self.epoch || self.fits(*epoch)));
        if let Some(epoch) = fitting {
            self.epoch = epoch;
        }
        fitting.is_some()
    }

    fn sent(&mut self, id: CommandId) {
        let (place, acked_before) = (self.fates.len(), self.newest_ack);
        let fate = self.fates.entry(id).or_insert(Fate { tries: 0, place, acked: false, refused: false, acked_before });
        fate.tries += 1;
    }

    fn acked(&mut self, id: CommandId, seq: Seq) {
        match self.fates.get_mut(&id) {
            Some(fate) => fate.acked = true,
            None => self.report(Rule::AckedUnsent, Some(seq), Some(id), "the client has not sent it".into()),
        }
        // An ack may belong to a later history than the events seen so far, so it does not advance the epoch.
        let stands = |epoch: &usize| self.epochs[*epoch].seq(self.room, id) == Some(seq);
        if let Some(epoch) = (self.epoch..self.epochs.len()).find(stands) {
            self.newest_ack = Some((epoch, seq));
        } else {
            let text = match self.epochs.get(self.epoch).and_then(|index| index.seq(self.room, id)) {
                Some(at) => format!("it was acked there and stands at {at}"),
                None => "it was acked and is not in the history".into(),
            };
            self.report(Rule::AckedLost, Some(seq), Some(id), text);
        }
    }

    fn refused(&mut self, id: CommandId) {
        if let Some(fate) = self.fates.get_mut(&id) {
            fate.refused = true;
        }
    }

    fn began(&mut self, after: Seq) {
        match self.last {
            None => self.last = Some((after, None)),
            // Rejoining at the same seq.
            Some((last, _)) if last == after => {}
            Some((last, _)) => {
                self.report(Rule::Seam, Some(after), None, format!("it joined after this and had seen {last}"));
                self.last = Some((after, None));
            }
        }
    }

    fn event(&mut self, seq: Seq, id: CommandId) {
        self.summary.seen += 1;
        if let Some((last, _)) = self.last
            && seq != last + 1
        {
            self.report(Rule::Seam, Some(seq), Some(id), format!("it was seen after {last}"));
        }
        let room = self.room;
        if !self.advance_epoch(|index| index.at(room, seq) == Some(id)) {
            let text = match self.epochs.get(self.epoch).and_then(|index| index.at(room, seq)) {
                Some(other) => format!("the history has {other} there"),
                None => "the history has nothing there".into(),
            };
            self.report(Rule::Disagrees, Some(seq), Some(id), text);
        }
        self.last = Some((seq, Some(id)));
    }

    fn reloaded(&mut self, head: Seq, page: &[Entry]) {
        self.summary.reloads += 1;
        let page: Vec<(Seq, CommandId)> = page
            .iter()
            .filter_map(|entry| match entry {
                Entry::Paged(seq, id) => Some((*seq, *id)),
                _ => None,
            })
            .collect();
        // Backwards from the head: gaps, duplicates and a page that ends early show as an unexpected seq.
        let mut due = head;
        for (seq, id) in page.iter().rev() {
            if *seq != due {
                self.report(Rule::Page, Some(*seq), Some(*id), format!("in the page up to {head}, {due} was due"));
                break;
            }
            due = due.saturating_sub(1);
        }
        if page.is_empty() && head > 0 {
            self.report(Rule::Page, Some(head), None, "the page has a head and nothing in it".into());
        }
        let (room, epoch, last) = (self.room, self.epoch, self.last.map_or(0, |(seq, _)| seq));
        let agrees = |index: &HistoryIndex<'_>| page.iter().all(|(seq, id)| index.at(room, *seq) == Some(*id));
        // Within a history a page never goes back; in a later one it may.
        if self.epochs.get(epoch).is_some_and(|index| agrees(index) && head >= last) {
            // It matches the current history.
        } else if let Some(later) = (epoch + 1..self.epochs.len()).find(|later| agrees(&self.epochs[*later])) {
            self.epoch = later;
        } else if self.epochs.get(epoch).is_some_and(agrees) {
            self.report(Rule::Seam, Some(head), None, format!("the page goes back: the client had seen {last}"));
        } else {
            let wrong = page
                .iter()
                .find(|(seq, id)| self.epochs.get(epoch).is_none_or(|index| index.at(room, *seq) != Some(*id)));
            let (seq, id) = wrong.copied().unzip();
            self.report(Rule::Disagrees, seq, id, format!("the page up to {head} is not of the history"));
        }
        self.last = Some((head, page.last().map(|(_, id)| *id)));
    }

    fn changed(&mut self) {
        let last = self.last.take().map(|(seq, _)| seq);
        if self.epoch + 1 < self.epochs.len() {
            self.epoch += 1;
        } else {
            self.report(Rule::NotChanged, last, None, "history_changed was said, and it has not".into());
        }
    }

    /// Checks the client's own messages at the end of the log.
    fn end(mut self) {
        self.summary.sent += self.fates.len();
        self.summary.acked += self.fates.values().filter(|fate| fate.acked).count();
        self.summary.refused += self.fates.values().filter(|fate| fate.refused).count();
        for (epoch, index) in self.epochs.iter().enumerate() {
            self.order(epoch, index);
        }
        let refused = self.fates.iter().filter(|(_, fate)| fate.refused && fate.tries == 1 && !fate.acked);
        let stored: HashSet<(CommandId, Seq)> = refused
            .filter_map(|(id, _)| self.epochs.iter().find_map(|index| index.seq(self.room, *id)).map(|seq| (*id, seq)))
            .collect();
        for (id, seq) in stored {
            self.report(Rule::RefusedStored, Some(seq), Some(id), "it was sent once and refused".into());
        }
    }

    fn order(&mut self, epoch: usize, index: &HistoryIndex<'_>) {
        let mut own: Vec<(Seq, CommandId)> =
            self.fates.keys().filter_map(|id| index.seq(self.room, *id).map(|seq| (seq, *id))).collect();
        own.sort_unstable();
        let mut before: Option<(usize, Seq)> = None;
        let mut wrong = Vec::new();
        for (seq, id) in own {
            let Some(fate) = self.fates.get(&id) else { continue };
            if let Some((acked_in, acked)) = fate.acked_before
                && acked_in == epoch
                && acked > seq
            {
                wrong.push((seq, id, format!("it was sent after the ack of {acked}")));
            }
            // A rejected message loses its position and is resent behind others.
            if fate.refused {
                continue;
            }
            if let Some((place, at)) = before
                && place > fate.place
            {
                wrong.push((seq, id, format!("it was sent before the one at {at}")));
            }
            before = Some((fate.place, seq));
        }
        for (seq, id, text) in wrong {
            self.report(Rule::Order, Some(seq), Some(id), text);
        }
    }
}
