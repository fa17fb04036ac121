//! Checks that nobody receives what was revoked. Times are since the start of the run.
//!
//! Removals and bans hold on all nodes a margin after any node has answered them. An event that came before the removal in the
//! order of its room may be received at any time.

use std::{collections::BTreeMap, time::Duration};

use parlor_protocol::{RoomId, Seq};

use super::{Rule, Violation, Violations};

/// A removal from rooms or a ban that a node has acknowledged.
#[derive(Clone, Debug)]
pub struct Revocation {
    pub person: String,
    /// The rooms that were lost, with the newest event of each that the person may receive.
    pub last: BTreeMap<RoomId, Seq>,
    pub acked: Duration,
    /// When it was asked to be undone.
    pub undone: Option<Duration>,
    /// Connections have to be closed.
    pub ban: bool,
}

/// What a client of a person received, and when it was connected.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    pub person: String,
    pub client: String,
    pub received: Vec<(RoomId, Seq, Duration)>,
    pub connected: Vec<Connected>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connected {
    pub node: usize,
    pub from: Duration,
    pub to: Duration,
}

/// A time in which a node could not learn of a ban or could not act: it was suspended, or without PostgreSQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// `None`: all of them.
    pub node: Option<usize>,
    pub from: Duration,
    pub to: Duration,
}

/// Time limits.
#[derive(Clone, Copy, Debug)]
pub struct Margins {
    /// From the ack until a revocation holds.
    pub ack: Duration,
    /// From the end of an outage until a node closes connections again.
    pub outage: Duration,
}

/// Counts of what was checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RevocationSummary {
    pub removals: usize,
    pub bans: usize,
    /// Later events that were received after the ack and within the margin.
    pub within_margin: usize,
}

/// Checks what the clients of all persons observed.
///
/// # Errors
/// All violations.
pub fn check_revocations(
    revocations: &[Revocation],
    observations: &[Observation],
    outages: &[Outage],
    margins: Margins,
) -> Result<RevocationSummary, Violations> {
    let mut summary = RevocationSummary::default();
    let mut found = Vec::new();
    for revocation in revocations {
        if revocation.ban {
            summary.bans += 1;
        } else {
            summary.removals += 1;
        }
        for observed in observations.iter().filter(|observed| observed.person == revocation.person) {
            check_received(revocation, observed, margins, &mut summary, &mut found);
            if revocation.ban {
                check_closed(revocation, observed, outages, margins, &mut found);
            }
        }
    }
    if found.is_empty() { Ok(summary) } else { Err(Violations(found)) }
}

fn check_received(
    revocation: &Revocation,
    observed: &Observation,
    margins: Margins,
    summary: &mut RevocationSummary,
    found: &mut Vec<Violation>,
) {
    for (room, seq, at) in &observed.received {
        let is_later = revocation.last.get(room).is_some_and(|last| seq > last);
        let is_undone = revocation.undone.is_some_and(|undone| *at >= undone);
        if !is_later || is_undone || *at <= revocation.acked {
            continue;
        }
        let after = at.saturating_sub(revocation.acked);
        if after <= margins.ack {
            summary.within_margin += 1;
            continue;
        }
        found.push(Violation {
            rule: Rule::Revoked,
            client: Some(observed.client.clone()),
            room: Some(room.clone()),
            seq: Some(*seq),
            id: None,
            found: format!(
                "it was received {} ms after the ack of the {}, which was at {:.3} s",
                after.as_millis(),
                if revocation.ban { "ban" } else { "removal" },
                revocation.acked.as_secs_f64()
            ),
        });
    }
}

fn check_closed(
    revocation: &Revocation,
    observed: &Observation,
    outages: &[Outage],
    margins: Margins,
    found: &mut Vec<Violation>,
) {
    for period in &observed.connected {
        let deadline = deadline(revocation.acked, period.node, outages, margins);
        if period.to <= deadline {
            continue;
        }
        found.push(Violation {
            rule: Rule::NotClosed,
            client: Some(observed.client.clone()),
            room: None,
            seq: None,
            id: None,
            found: format!(
                "it was connected to node {} from {:.3} s to {:.3} s; the ban was acked at {:.3} s, the deadline was {:.3} s",
                period.node,
                period.from.as_secs_f64(),
                period.to.as_secs_f64(),
                revocation.acked.as_secs_f64(),
                deadline.as_secs_f64()
            ),
        });
    }
}

/// When a node must have closed the connections. Outages that begin before that postpone it.
fn deadline(acked: Duration, node: usize, outages: &[Outage], margins: Margins) -> Duration {
    let mut deadline = acked + margins.ack;
    let concerning = || outages.iter().filter(|outage| outage.node.is_none_or(|other| other == node));
    while let Some(later) =
        concerning().filter(|outage| outage.from <= deadline).map(|outage| outage.to + margins.outage).max()
        && later > deadline
    {
        deadline = later;
    }
    deadline
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MARGINS: Margins = Margins { ack: Duration::from_secs(1), outage: Duration::from_secs(5) };

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn den() -> RoomId {
        "den".into()
    }

    /// Removed by event 7, acked at 10 s, added again at 20 s.
    fn removal() -> Revocation {
        let last = [(den(), 7)].into();
        Revocation { person: "eve".into(), last, acked: millis(10_000), undone: Some(millis(20_000)), ban: false }
    }

    fn ban() -> Revocation {
        Revocation { undone: None, ban: true, ..removal() }
    }

    fn received(person: &str, room: RoomId, seq: Seq, at: u64) -> Observation {
        let (person, received) = (person.to_owned(), vec![(room, seq, millis(at))]);
        Observation { client: format!("{person}'s"), person, received, connected: Vec::new() }
    }

    fn connected(node: usize, from: u64, to: u64) -> Observation {
        let connected = vec![Connected { node, from: millis(from), to: millis(to) }];
        Observation { person: "eve".into(), client: "eve's".into(), received: Vec::new(), connected }
    }

    fn check(
        revocation: Revocation,
        observed: Observation,
        outages: &[Outage],
    ) -> Result<RevocationSummary, Violations> {
        check_revocations(&[revocation], &[observed], outages, MARGINS)
    }

    #[test]
    fn later_event_after_the_removal() {
        let violations = check(removal(), received("eve", den(), 8, 11_001), &[]).unwrap_err();
        assert!(violations.has(Rule::Revoked), "{violations}");
        assert_eq!((violations.0[0].seq, violations.0[0].room.clone()), (Some(8), Some(den())));
        assert_eq!(violations.0[0].client.as_deref(), Some("eve's"));
    }

    #[test]
    fn later_event_after_the_ban_even_without_an_answer_to_undo_it() {
        assert!(check(ban(), received("eve", den(), 8, 30_000), &[]).unwrap_err().has(Rule::Revoked));
    }

    #[test]
    fn outages_excuse_no_event() {
        let outage = Outage { node: None, from: millis(9_000), to: millis(19_000) };
        assert!(check(removal(), received("eve", den(), 8, 11_001), &[outage]).unwrap_err().has(Rule::Revoked));
    }

    #[test]
    fn event_of_the_time_before_or_within_the_margin_or_of_others() {
        for (observed, within_margin) in [
            (received("eve", den(), 7, 15_000), 0),
            (received("eve", den(), 8, 9_999), 0),
            (received("eve", den(), 8, 11_000), 1),
            (received("eve", den(), 8, 20_000), 0),
            (received("eve", RoomId::lobby(), 8, 15_000), 0),
            (received("ann", den(), 8, 15_000), 0),
        ] {
            let summary = RevocationSummary { removals: 1, bans: 0, within_margin };
            assert_eq!(check(removal(), observed, &[]), Ok(summary));
        }
    }

    #[test]
    fn connection_stays_open_or_opens_after_the_ban() {
        for observed in [connected(0, 1_000, 11_001), connected(0, 12_000, 12_100)] {
            assert!(check(ban(), observed, &[]).unwrap_err().has(Rule::NotClosed));
        }
        check(ban(), connected(0, 1_000, 11_000), &[]).unwrap();
        check(removal(), connected(0, 1_000, 99_000), &[]).unwrap();
    }

    #[test]
    fn outage_of_the_node_postpones_the_end_of_connections() {
        let outage = |node, from, to| Outage { node, from: millis(from), to: millis(to) };
        let of_it = outage(Some(0), 10_500, 12_000);
        check(ban(), connected(0, 1_000, 17_000), &[of_it]).unwrap();
        // An outage during the repair of the one before.
        check(ban(), connected(0, 1_000, 24_000), &[of_it, outage(None, 16_000, 19_000)]).unwrap();
        for (outages, to) in [
            (&[of_it][..], 17_001),
            (&[outage(Some(1), 10_500, 12_000)], 11_001),
            (&[outage(Some(0), 11_500, 12_000)], 11_600),
            (&[outage(Some(0), 2_000, 5_500)], 11_001),
        ] {
            assert!(check(ban(), connected(0, 1_000, to), outages).unwrap_err().has(Rule::NotClosed));
        }
    }
}
