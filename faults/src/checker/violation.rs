//! Rules and their violations.

use std::fmt;

use parlor_protocol::{CommandId, RoomId, Seq};

/// Maximum number of violations that are printed.
const PRINTED: usize = 40;

/// The rules of the checker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A room's history has the seqs 1, 2, 3 … without gaps.
    Holes,
    /// No id occurs twice, in one room or in two.
    Doubled,
    /// An acked message is in the history at the seq of the ack.
    AckedLost,
    /// An ack is for a message that the client sent.
    AckedUnsent,
    /// A message that was sent once and rejected is not in the history.
    RefusedStored,
    /// Events that a client sees have consecutive seqs: no gaps, duplicates or steps back.
    Seam,
    /// An event that a client sees is the one in the history at that seq.
    Disagrees,
    /// A page contains the newest events up to its head.
    Page,
    /// Messages of one client in one room are stored in the order of sending.
    Order,
    /// Every message in the history was sent by a client.
    Unsent,
    /// `history_changed` is sent only after a restore.
    NotChanged,
    /// At the end every client has seen each of its rooms up to the head.
    Behind,
    /// After the ack of a removal or ban and a margin, no client of the person receives a later event of the room.
    Revoked,
    /// After the ack of a ban and a margin, no client of the person is connected.
    NotClosed,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The violated rule.
    pub rule: Rule,
    /// Client in whose log it was found. `None` if the history itself is wrong.
    pub client: Option<String>,
    pub room: Option<RoomId>,
    pub seq: Option<Seq>,
    pub id: Option<CommandId>,
    pub found: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violations(pub Vec<Violation>);

impl Violations {
    /// Whether a rule was violated.
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
        if let Some(room) = &self.room {
            write!(f, " room {room}")?;
        }
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
