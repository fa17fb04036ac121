//! Where a page of messages lies in a log.

use super::row::MessageRow;
use crate::{domain::Page, store::values::sql_seq};

/// A page as two range scans that meet at one seq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct PageRange {
    pub(in super::super) meet: i64,
    /// Most messages before `meet`.
    pub(in super::super) older: u32,
    /// Most messages from `meet` on.
    pub(in super::super) newer: u32,
}

impl PageRange {
    pub(in super::super) fn new(page: Page, limit: u32) -> Self {
        let (meet, older, newer) = match page {
            Page::Newest => (i64::MAX, limit, 0),
            Page::Before(seq) => (sql_seq(seq), limit, 0),
            Page::After(seq) => (sql_seq(seq).saturating_add(1), 0, limit),
            Page::Around(seq) => (sql_seq(seq), limit / 2, limit - limit / 2),
        };
        Self { meet, older, newer }
    }

    /// The seqs of the notices that belong to a page: from the first one on, before the second one.
    ///
    /// Consecutive pages share no notice and leave none out: each has those from its first message on, up to the first of the next
    /// one. A page that is not full on a side reaches the end there.
    pub(in super::super) fn notices(&self, rows: &[MessageRow]) -> (i64, i64) {
        let older = rows.iter().filter(|row| row.seq < self.meet).count();
        let is_full = |side: usize, most: u32| u32::try_from(side).is_ok_and(|side| side >= most);
        let from = match older {
            _ if self.older == 0 => self.meet,
            side if is_full(side, self.older) => rows.first().map_or(0, |row| row.seq),
            _ => 0,
        };
        let before = match rows.len() - older {
            _ if self.newer == 0 => self.meet,
            side if is_full(side, self.newer) => rows.last().map_or(i64::MAX, |row| row.seq),
            _ => i64::MAX,
        };
        (from, before)
    }
}
