//! What is wrong, in words that lead to it.

use std::fmt;

use parlor_protocol::{CommandId, RoomId, Seq};

/// Violations that are printed in full; the rest is counted.
const PRINTED: usize = 40;

/// The rules of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A room's history counts 1, 2, 3 … without a hole.
    Holes,
    /// No id stands at two places, of one room or of two.
    Doubled,
    /// What was acked is in the history, at the seq of the ack.
    AckedLost,
    /// An ack is for something that this client has sent.
    AckedUnsent,
    /// What was sent once and refused is not in the history.
    RefusedStored,
    /// What a client sees of a room follows on what it saw before: no hole, no double, no step back.
    Seam,
    /// What a client sees at a seq is what the history has there.
    Disagrees,
    /// A page is the newest events up to its head.
    Page,
    /// What one client sent to one room stands there in the order in which it was sent.
    Order,
    /// Everything in the history was sent by someone.
    Unsent,
    /// `history_changed` is said only when it has.
    NotChanged,
    /// In the end each client has seen each of its rooms up to the head.
    Behind,
}

/// One thing that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What was broken.
    pub rule: Rule,
    /// The client in whose log it shows; none when the history alone is wrong.
    pub client: Option<String>,
    /// Where.
    pub room: RoomId,
    /// Where in the room.
    pub seq: Option<Seq>,
    /// The message.
    pub id: Option<CommandId>,
    /// What was found instead.
    pub found: String,
}

/// All that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    /// Whether a rule is among those broken.
    #[must_use]
    pub fn has(&self, rule: Rule) -> bool {
        self.0.iter().any(|violation| violation.rule == rule)
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.rule)?;
        if let Some(client) = &self.client {
            write!(f, " client {client},")?;
        }
        write!(f, " room {}", self.room)?;
        if let Some(seq) = self.seq {
            write!(f, ", seq {seq}")?;
        }
        if let Some(id) = self.id {
            write!(f, ", id {id}")?;
        }
        write!(f, ": {}", self.found)
    }
}

impl fmt::Display for Violations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in self.0.iter().take(PRINTED) {
            writeln!(f, "{violation}")?;
        }
        match self.0.len().saturating_sub(PRINTED) {
            0 => write!(f, "{} violations", self.0.len()),
            more => write!(f, "and {more} more; {} violations", self.0.len()),
        }
    }
}

impl std::error::Error for Violations {}
