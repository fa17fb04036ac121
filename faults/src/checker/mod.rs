//! Checks client logs against the server's history. Pure: no sockets, no clock.
//!
//! The rules are those of [`Rule`]. Rooms are checked separately, ids over all rooms.

mod client_check;
mod history_index;
mod log;
mod revocation;
mod violation;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use history_index::HistoryIndex;
use log::Entry;
pub use log::{ClientLog, History, RoomLog};
use parlor_protocol::CommandId;
pub use revocation::{Connected, Margins, Observation, Outage, Revocation, RevocationSummary, check_revocations};
pub use violation::{Rule, Violation, Violations};

/// Counts of what was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub clients: usize,
    /// Rooms in the newest history.
    pub rooms: usize,
    /// Events in the newest history.
    pub stored: usize,
    /// Distinct messages sent.
    pub sent: usize,
    /// Distinct messages acked.
    pub acked: usize,
    /// Events seen by all clients.
    pub seen: usize,
    /// Pages loaded after a gap.
    pub reloads: usize,
    /// Messages that were rejected at least once. [`Rule::Order`] applies to them only after their ack.
    pub refused: usize,
}

/// Checks the logs against the history.
///
/// # Errors
/// All violations, except of [`Rule::Behind`], which [`check_complete`] checks.
pub fn check(history: &History, logs: &[ClientLog]) -> Result<Summary, Violations> {
    let (summary, found) = all(history, logs);
    if found.is_empty() { Ok(summary) } else { Err(Violations(found)) }
}

/// [`check`], and that every client has seen each of its rooms up to the head.
///
/// # Errors
/// All violations.
pub fn check_complete(history: &History, logs: &[ClientLog]) -> Result<Summary, Violations> {
    let (summary, mut found) = all(history, logs);
    for log in logs.iter().filter(|log| !log.is_over()) {
        for room in history.rooms() {
            let (head, seen) = (history.head(room), log.head(room));
            if seen.is_some_and(|seen| seen != head) {
                let found_text = format!("it has seen {} of {head}", seen.unwrap_or_default());
                found.push(violation(Rule::Behind, Some(log), room, seen, None, found_text));
            }
        }
    }
    if found.is_empty() { Ok(summary) } else { Err(Violations(found)) }
}

fn all(history: &History, logs: &[ClientLog]) -> (Summary, Vec<Violation>) {
    let mut found = Vec::new();
    let epochs: Vec<HistoryIndex<'_>> =
        history.epochs.iter().map(|rooms| HistoryIndex::new(rooms, &mut found)).collect();
    let mut summary = Summary { clients: logs.len(), ..Summary::default() };
    if let Some(newest) = history.epochs.last() {
        summary.rooms = newest.len();
        summary.stored = newest.values().map(Vec::len).sum();
    }
    let mut sent: HashSet<CommandId> = HashSet::new();
    for log in logs {
        for (room, entries) in log.rooms() {
            client_check::check(&epochs, log, room, entries, &mut summary, &mut found);
            sent.extend(entries.iter().filter_map(|entry| match entry {
                Entry::Sent(id) => Some(*id),
                _ => None,
            }));
        }
    }
    if !history.others_wrote {
        // Report each id once, even if it is in several histories.
        let mut told = HashSet::new();
        for rooms in &history.epochs {
            for (room, events) in rooms {
                let is_unsent = |id: &CommandId| !sent.contains(id) && !history.notices.contains(id);
                for (seq, id) in events.iter().filter(|(_, id)| is_unsent(id) && told.insert(*id)) {
                    let text = "nobody has sent it".into();
                    found.push(violation(Rule::Unsent, None, room, Some(*seq), Some(*id), text));
                }
            }
        }
    }
    (summary, found)
}

fn violation(
    rule: Rule,
    client: Option<&ClientLog>,
    room: &parlor_protocol::RoomId,
    seq: Option<parlor_protocol::Seq>,
    id: Option<CommandId>,
    found: String,
) -> Violation {
    Violation { rule, client: client.map(|log| log.name().to_owned()), room: Some(room.clone()), seq, id, found }
}
