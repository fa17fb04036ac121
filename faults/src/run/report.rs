//! What a run says in the end.

use std::{fmt, time::Duration};

use crate::{
    checker::Summary,
    client::{Ended, Stats},
};

/// How a run ended when nothing was wrong.
#[derive(Debug)]
pub enum Outcome {
    /// Every rule held.
    Held(Box<Report>),
    /// It could not be run here, and why.
    NotRun(String),
}

/// The summary of a run.
#[derive(Debug)]
pub struct Report {
    /// The checker's.
    pub summary: Summary,
    /// Of all clients together.
    pub stats: Stats,
    /// Connections through the proxy, and how many of them it harmed.
    pub connections: (u64, u64),
    /// From the healing until everyone had everything.
    pub caught_up: Duration,
    /// What the nemesis did.
    pub deeds: String,
    /// The whole run.
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
             {connections} connections ({harmed} harmed), {}, caught up in {:.1} s, {:.1} s in all",
            summary.clients,
            summary.sent,
            summary.acked,
            summary.seen,
            stats.reconnects,
            stats.silences,
            stats.gaps,
            stats.refusals,
            self.deeds,
            self.caught_up.as_secs_f64(),
            self.time.as_secs_f64(),
        )
    }
}
