//! Whether what clients were told and what the server has are one story. Pure: no sockets, no clock.
//!
//! The rules are those of [`Rule`]. Rooms are checked one by one; the ids of all rooms together.

mod log;
mod places;
mod view;
mod violation;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use log::Entry;
pub use log::{ClientLog, History, RoomLog};
use parlor_protocol::CommandId;
use places::Places;
pub use violation::{Rule, Violation, Violations};

/// What was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Logs.
    pub clients: usize,
    /// Rooms in the newest history.
    pub rooms: usize,
    /// Events in the newest history.
    pub stored: usize,
    /// Messages sent, each counted once.
    pub sent: usize,
    /// Acks, each message counted once.
    pub acked: usize,
    /// Events that clients saw, all together.
    pub seen: usize,
    /// Pages loaded after a gap.
    pub reloads: usize,
    /// Messages that were ever refused; the rule of order holds for them only after their ack.
    pub refused: usize,
}

/// Holds the logs against the history.
///
/// # Errors
/// Everything that breaks a rule; [`Rule::Behind`] is left to [`check_complete`].
pub fn check(history: &History, logs: &[ClientLog]) -> Result<Summary, Violations> {
    let (summary, found) = all(history, logs);
    if found.is_empty() { Ok(summary) } else { Err(Violations(found)) }
}

/// [`check`], and that everyone has seen each room that they have ever seen up to its head.
///
/// # Errors
/// Everything that breaks a rule.
pub fn check_complete(history: &History, logs: &[ClientLog]) -> Result<Summary, Violations> {
    let (summary, mut found) = all(history, logs);
    for log in logs {
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
    let epochs: Vec<Places<'_>> = history.epochs.iter().map(|rooms| Places::new(rooms, &mut found)).collect();
    let mut summary = Summary { clients: logs.len(), ..Summary::default() };
    if let Some(newest) = history.epochs.last() {
        summary.rooms = newest.len();
        summary.stored = newest.values().map(Vec::len).sum();
    }
    let mut sent: HashSet<CommandId> = HashSet::new();
    for log in logs {
        for (room, entries) in log.rooms() {
            view::check(&epochs, log, room, entries, &mut summary, &mut found);
            sent.extend(entries.iter().filter_map(|entry| match entry {
                Entry::Sent(id) => Some(*id),
                _ => None,
            }));
        }
    }
    if !history.others_wrote {
        // Once for each id, whatever the number of histories that it is in.
        let mut told = HashSet::new();
        for rooms in &history.epochs {
            for (room, events) in rooms {
                for (seq, id) in events.iter().filter(|(_, id)| !sent.contains(id) && told.insert(*id)) {
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
    Violation { rule, client: client.map(|log| log.name().to_owned()), room: room.clone(), seq, id, found }
}
