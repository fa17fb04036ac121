//! Every rule has a log that violates it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use parlor_protocol::{CommandId, RoomId, Seq};
use uuid::Uuid;

use super::*;

fn id(number: u128) -> CommandId {
    CommandId(Uuid::from_u128(number))
}

fn lobby() -> RoomId {
    RoomId::lobby()
}

fn den() -> RoomId {
    "den".into()
}

/// A room with these ids at 1, 2, 3 …
fn room(ids: &[u128]) -> RoomLog {
    (1..).zip(ids.iter().map(|number| id(*number))).collect()
}

fn rooms(lobby_ids: &[u128], den_ids: &[u128]) -> BTreeMap<RoomId, RoomLog> {
    [(lobby(), room(lobby_ids)), (den(), room(den_ids))].into()
}

fn history(lobby_ids: &[u128]) -> History {
    History::new(rooms(lobby_ids, &[]))
}

/// A client that sent these to the lobby, each acked at once at its seq.
fn writer(sent: &[(u128, Seq)]) -> ClientLog {
    let mut log = ClientLog::new("writer");
    for (number, seq) in sent {
        log.sent(&lobby(), id(*number));
        log.acked(&lobby(), id(*number), *seq);
    }
    log
}

/// A client that saw these in the lobby.
fn reader(seen: &[(Seq, u128)]) -> ClientLog {
    let mut log = ClientLog::new("reader");
    for (seq, number) in seen {
        log.event(&lobby(), *seq, id(*number));
    }
    log
}

fn abc() -> (History, ClientLog) {
    (history(&[1, 2, 3]), writer(&[(1, 1), (2, 2), (3, 3)]))
}

/// Only this rule is broken.
#[track_caller]
fn breaks(rule: Rule, history: &History, logs: &[ClientLog]) -> Violations {
    let violations = check(history, logs).unwrap_err();
    let rules: Vec<Rule> = violations.0.iter().map(|violation| violation.rule).collect();
    assert!(rules.iter().all(|found| *found == rule), "{rule:?}: {violations}");
    violations
}

#[test]
fn consistent_logs_pass() {
    let (history, mut ann) = abc();
    for seq in 1..=3 {
        ann.event(&lobby(), seq, id(seq.into()));
    }
    let mut bob = ClientLog::new("bob");
    bob.began(&lobby(), 0);
    bob.event(&lobby(), 1, id(1));
    bob.reloaded(&lobby(), 2, [(1, id(1)), (2, id(2))]);
    bob.event(&lobby(), 3, id(3));
    let summary = check_complete(&history, &[ann, bob]).unwrap();
    let expected = Summary { clients: 2, rooms: 2, stored: 3, sent: 3, acked: 3, seen: 5, reloads: 1, refused: 0 };
    assert_eq!(summary, expected);
}

#[test]
fn gap_in_the_history() {
    let mut log = room(&[1, 2, 3]);
    log.remove(1);
    let history = History::new([(lobby(), log)].into());
    breaks(Rule::Holes, &history, &[writer(&[(1, 1), (3, 3)])]);
    let begins_late = History::new([(lobby(), vec![(2, id(1))])].into());
    breaks(Rule::Holes, &begins_late, &[writer(&[(1, 2)])]);
}

#[test]
fn duplicate_id() {
    let mut ann = writer(&[(1, 1)]);
    breaks(
        Rule::Doubled,
        &history(&[1, 1]),
        &[ClientLog::new("x"), {
            let mut log = ClientLog::new("y");
            log.sent(&lobby(), id(1));
            log
        }],
    );
    ann.event(&lobby(), 1, id(1));
    let found = breaks(Rule::Doubled, &History::new(rooms(&[1], &[1])), &[ann]);
    assert!(found.to_string().contains("room den"), "{found}");
}

#[test]
fn acked_message_is_missing() {
    let (_, ann) = abc();
    let found = breaks(Rule::AckedLost, &history(&[1, 2]), &[ann]);
    assert_eq!(found.0[0].seq, Some(3));
    assert_eq!(found.0[0].id, Some(id(3)));
    assert_eq!(found.0[0].client.as_deref(), Some("writer"));
}

#[test]
fn acked_at_another_seq() {
    breaks(Rule::AckedLost, &history(&[1, 2]), &[writer(&[(1, 1), (2, 3)])]);
    // Stored, but in another room than the ack says.
    breaks(Rule::AckedLost, &History::new(rooms(&[], &[1])), &[writer(&[(1, 1)])]);
}

#[test]
fn ack_without_a_send() {
    let (history, mut ann) = abc();
    let mut bob = ClientLog::new("bob");
    bob.acked(&lobby(), id(2), 2);
    ann.event(&lobby(), 1, id(1));
    breaks(Rule::AckedUnsent, &history, &[ann, bob]);
}

#[test]
fn rejected_message_is_stored() {
    let mut ann = ClientLog::new("ann");
    ann.sent(&lobby(), id(1));
    ann.refused(&lobby(), id(1));
    breaks(Rule::RefusedStored, &history(&[1]), &[ann.clone()]);
    check(&history(&[]), &[ann.clone()]).unwrap();
    // A second attempt may have been stored, which is fine.
    ann.sent(&lobby(), id(1));
    check(&history(&[1]), &[ann]).unwrap();
}

#[test]
fn seen_events_have_a_gap_duplicate_or_step_back() {
    let (history, ann) = abc();
    for seen in [&[(1, 1), (3, 3)][..], &[(1, 1), (1, 1)], &[(2, 2), (1, 1)], &[(3, 3), (3, 3)]] {
        let found = breaks(Rule::Seam, &history, &[ann.clone(), reader(seen)]);
        assert_eq!(found.0[0].client.as_deref(), Some("reader"));
    }
}

#[test]
fn first_event_follows_the_join() {
    let (history, ann) = abc();
    let mut late = ClientLog::new("late");
    late.began(&lobby(), 0);
    late.event(&lobby(), 2, id(2));
    breaks(Rule::Seam, &history, &[ann.clone(), late]);
    let mut again = reader(&[(1, 1)]);
    again.began(&lobby(), 2);
    again.event(&lobby(), 3, id(3));
    breaks(Rule::Seam, &history, &[ann.clone(), again]);
    let mut fine = reader(&[(1, 1)]);
    fine.began(&lobby(), 1);
    fine.event(&lobby(), 2, id(2));
    check(&history, &[ann, fine]).unwrap();
}

#[test]
fn rooms_are_checked_separately() {
    let history = History::new(rooms(&[1, 2], &[3, 4])).others_wrote();
    let mut ann = ClientLog::new("ann");
    ann.event(&lobby(), 1, id(1));
    ann.event(&den(), 1, id(3));
    ann.event(&lobby(), 2, id(2));
    ann.event(&den(), 2, id(4));
    check(&history, &[ann.clone()]).unwrap();
    ann.event(&den(), 2, id(4));
    assert_eq!(breaks(Rule::Seam, &history, &[ann]).0[0].room, Some(den()));
}

#[test]
fn seen_event_is_not_in_the_history() {
    let (history, ann) = abc();
    breaks(Rule::Disagrees, &history, &[ann.clone(), reader(&[(1, 1), (2, 9)])]);
    breaks(Rule::Disagrees, &history, &[ann, reader(&[(3, 3), (4, 4)])]);
}

#[test]
fn page_with_a_gap_or_from_another_history() {
    let (history, ann) = abc();
    let page = |head, page: &[(Seq, u128)]| {
        let mut log = ClientLog::new("reader");
        log.reloaded(&lobby(), head, page.iter().map(|(seq, number)| (*seq, id(*number))));
        [ann.clone(), log]
    };
    check(&history, &page(3, &[(2, 2), (3, 3)])).unwrap();
    breaks(Rule::Page, &history, &page(3, &[(1, 1), (3, 3)]));
    breaks(Rule::Page, &history, &page(3, &[(1, 1), (2, 2)]));
    breaks(Rule::Page, &history, &page(3, &[(3, 3), (3, 3)]));
    breaks(Rule::Page, &history, &page(3, &[]));
    breaks(Rule::Disagrees, &history, &page(2, &[(1, 9), (2, 2)]));
}

#[test]
fn next_event_follows_the_page() {
    let (history, ann) = abc();
    let mut gap = reader(&[(1, 1)]);
    gap.reloaded(&lobby(), 2, [(2, id(2))]);
    let mut fine = gap.clone();
    fine.event(&lobby(), 3, id(3));
    check(&history, &[ann.clone(), fine]).unwrap();
    gap.event(&lobby(), 2, id(2));
    breaks(Rule::Seam, &history, &[ann.clone(), gap]);
    let mut back = reader(&[(1, 1), (2, 2), (3, 3)]);
    back.reloaded(&lobby(), 1, [(1, id(1))]);
    breaks(Rule::Seam, &history, &[ann, back]);
}

#[test]
fn own_messages_are_reordered() {
    // Both sent before either was acked.
    let mut ann = ClientLog::new("ann");
    ann.sent(&lobby(), id(1));
    ann.sent(&lobby(), id(2));
    breaks(Rule::Order, &history(&[2, 1]), &[ann.clone()]);
    check(&history(&[1, 2]), &[ann.clone()]).unwrap();
    // A resend does not change the order.
    ann.sent(&lobby(), id(1));
    check(&history(&[1, 2]), &[ann]).unwrap();
}

#[test]
fn rejection_frees_the_order_until_the_ack() {
    let mut ann = ClientLog::new("ann");
    ann.sent(&lobby(), id(1));
    ann.sent(&lobby(), id(2));
    ann.refused(&lobby(), id(1));
    ann.sent(&lobby(), id(1));
    check(&history(&[2, 1]), &[ann.clone()]).unwrap();
    ann.acked(&lobby(), id(1), 2);
    ann.sent(&lobby(), id(3));
    ann.refused(&lobby(), id(3));
    ann.sent(&lobby(), id(3));
    check(&history(&[2, 1, 3]), &[ann.clone()]).unwrap();
    let stored = History::new([(lobby(), vec![(1, id(3)), (2, id(1)), (3, id(2))])].into());
    breaks(Rule::Order, &stored, &[ann]);
}

#[test]
fn stored_message_was_never_sent() {
    let (_, ann) = abc();
    let history = history(&[1, 2, 3, 4]);
    let found = breaks(Rule::Unsent, &history, std::slice::from_ref(&ann));
    assert_eq!(found.0[0].seq, Some(4));
    check(&history.clone().with_notices([id(4)]), std::slice::from_ref(&ann)).unwrap();
    check(&history.others_wrote(), &[ann]).unwrap();
}

#[test]
fn client_is_behind_at_the_end() {
    let (history, ann) = abc();
    let bob = reader(&[(1, 1), (2, 2)]);
    check(&history, &[ann.clone(), bob.clone()]).unwrap();
    let violations = check_complete(&history, &[ann.clone(), bob]).unwrap_err();
    assert!(violations.has(Rule::Behind), "{violations}");
    // A client that never joined the room is not behind.
    check_complete(&history, std::slice::from_ref(&ann)).unwrap();
    // Nor one that was banned.
    let mut banned = reader(&[(1, 1), (2, 2)]);
    banned.over();
    check_complete(&history, &[ann, banned]).unwrap();
}

/// 1 and 2 are in both histories; 3 and 4 were lost, 5 and 6 came after.
fn restored() -> (History, ClientLog) {
    let mut ann = writer(&[(1, 1), (2, 2), (3, 3), (4, 4)]);
    ann.changed(&lobby());
    for (number, seq) in [(5, 3), (6, 4)] {
        ann.sent(&lobby(), id(number));
        ann.acked(&lobby(), id(number), seq);
    }
    (history(&[1, 2, 3, 4]).then(rooms(&[1, 2, 5, 6], &[])), ann)
}

#[test]
fn restored_history_is_a_new_epoch() {
    let (history, ann) = restored();
    let mut bob = reader(&[(1, 1), (2, 2), (3, 3)]);
    bob.changed(&lobby());
    bob.reloaded(&lobby(), 3, [(1, id(1)), (2, id(2)), (3, id(5))]);
    bob.event(&lobby(), 4, id(6));
    // A client that saw only the common part continues without notice.
    let unaware = reader(&[(1, 1), (2, 2), (3, 5), (4, 6)]);
    let before = reader(&[(1, 1), (2, 2), (3, 3), (4, 4)]);
    check(&history, &[ann.clone(), bob.clone(), unaware.clone(), before]).unwrap();
    check_complete(&history, &[ann, bob, unaware]).unwrap();
}

#[test]
fn mixed_histories_are_rejected() {
    let (history, ann) = restored();
    // Saw 3 of the old and went on with 4 of the new.
    breaks(Rule::Disagrees, &history, &[ann.clone(), reader(&[(1, 1), (2, 2), (3, 3), (4, 6)])]);
    // Saw the new and then the old.
    breaks(Rule::Disagrees, &history, &[ann.clone(), reader(&[(2, 2), (3, 5), (4, 4)])]);
    // Notified of the change, then saw the old history.
    let mut told = reader(&[(1, 1)]);
    told.changed(&lobby());
    told.event(&lobby(), 3, id(3));
    breaks(Rule::Disagrees, &history, &[ann.clone(), told]);
    // An ack of the old after the change.
    let mut late = ClientLog::new("late");
    late.changed(&lobby());
    late.sent(&lobby(), id(4));
    late.acked(&lobby(), id(4), 4);
    breaks(Rule::AckedLost, &history, &[ann, late]);
}

#[test]
fn history_changed_without_a_restore() {
    let (history, mut ann) = abc();
    ann.changed(&lobby());
    breaks(Rule::NotChanged, &history, &[ann]);
}

#[test]
fn violation_names_rule_client_room_seq_and_id() {
    let (history, ann) = abc();
    let text = check(&history, &[ann, reader(&[(1, 1), (2, 9)])]).unwrap_err().to_string();
    for word in ["Disagrees", "client reader", "room lobby", "seq 2", &id(9).to_string(), &id(2).to_string()] {
        assert!(text.contains(word), "{word} in {text}");
    }
}

#[test]
fn long_list_is_truncated() {
    let (history, ann) = abc();
    let many: Vec<(Seq, u128)> = (4..104).map(|seq| (seq, 9)).collect();
    let text = check(&history, &[ann, reader(&many)]).unwrap_err().to_string();
    assert!(text.lines().count() < 50);
    assert!(text.ends_with("and 60 more; 100 violations"), "{text}");
}
