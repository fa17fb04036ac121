//! Outcome of a run.

use std::{fmt, time::Duration};

use super::Repairs;
use crate::{
    checker::{RevocationSummary, Summary},
    client::{Ended, Stats},
};

/// Outcome of a run without violations.
#[derive(Debug)]
pub enum Outcome {
    Held(Box<Report>),
    /// The run is not possible on this machine, with the reason.
    NotRun(String),
}

/// The summary of a run.
#[derive(Debug)]
pub struct Report {
    pub summary: Summary,
    /// Removals and bans, of runs that have them.
    pub revocations: Option<RevocationSummary>,
    /// Totals of all clients.
    pub stats: Stats,
    /// Connections through the proxy, and how many had a fault.
    pub connections: (u64, u64),
    /// Time from the end of the faults until every client had caught up.
    pub caught_up: Duration,
    /// Time from each fault of a node until every client had caught up.
    pub repairs: Repairs,
    pub operations: String,
    pub time: Duration,
}

impl Report {
    pub(super) fn sum(ended: &[Ended]) -> Stats {
        ended.iter().map(|ended| ended.stats).fold(Stats::default(), |sum, one| Stats {
            reconnects: sum.reconnects + one.reconnects,
            gaps: sum.gaps + one.gaps,
            refusals: sum.refusals + one.refusals,
            silences: sum.silences + one.silences,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { summary, stats, connections: (connections, harmed), .. } = self;
        write!(
            f,
            "{} clients, {} messages, {} acked, {} events seen, {} reconnects ({} for silence), {} gaps, {} refusals, \
             {connections} connections ({harmed} harmed), {}, ",
            summary.clients,
            summary.sent,
            summary.acked,
            summary.seen,
            stats.reconnects,
            stats.silences,
            stats.gaps,
            stats.refusals,
            self.operations,
        )?;
        if let Some(RevocationSummary { removals, bans, within_margin }) = self.revocations {
            write!(f, "{removals} removals and {bans} bans ({within_margin} events within the margin), ")?;
        }
        if let Some(most) = self.repairs.max() {
            write!(f, "{} repairs in at most {:.1} s, ", self.repairs.count(), most.as_secs_f64())?;
        }
        let (caught_up, time) = (self.caught_up.as_secs_f64(), self.time.as_secs_f64());
        write!(f, "caught up in {caught_up:.1} s, {time:.1} s in all")
    }
}
