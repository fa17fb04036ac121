//! Timelines, with frames and pages in any order.

use parlor_protocol::{UserId, UserKind, http::MessagePage};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn user(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("user {n}"), kind: UserKind::Guest, colour: None }
}

fn message(seq: Seq) -> Message {
    Message {
        id: CommandId(Uuid::from_u128(1_000 + u128::from(seq))),
        seq,
        at: i64::try_from(seq).unwrap_or(0) * 1_000,
        by: user(1),
        body: format!("message {seq}"),
        html: format!("<p>message {seq}</p>"),
        reply_to: None,
        mentions: Vec::new(),
        edited_at: None,
        reactions: Vec::new(),
    }
}

fn event(seq: Seq) -> Event {
    let Message { id, at, by, body, html, reply_to, mentions, .. } = message(seq);
    let event = EventKind::Message { id, body, html, reply_to, mentions };
    Event { room: RoomId::lobby(), seq, id, at, by, event }
}

fn page(from: Seq, to: Seq, head: Seq) -> MessagePage {
    MessagePage { messages: (from..=to).map(message).collect(), head, ..MessagePage::default() }
}

fn seqs(timeline: &Timeline) -> Vec<Seq> {
    timeline.messages().map(|message| message.seq).collect()
}

#[test]
fn events_are_applied_once_and_in_order() {
    let mut timeline = Timeline::from_page(page(1, 3, 3), 50);
    assert_eq!(timeline.apply(event(3), None), Applied::Duplicate);
    assert_eq!(timeline.apply(event(4), None), Applied::New);
    assert_eq!(timeline.apply(event(4), None), Applied::Duplicate);
    assert_eq!(timeline.apply(event(6), None), Applied::Hole);
    assert_eq!(seqs(&timeline), [1, 2, 3, 4]);
    assert_eq!(timeline.cursor(&RoomId::lobby()).after, Some(4));
    assert_eq!(timeline.cursor(&RoomId::lobby()).tail, Some(message(4).id.tail()));
}

#[test]
fn a_cursor_has_a_tail_only_if_it_is_known() {
    // The newest event was no message.
    let timeline = Timeline::from_page(page(1, 3, 4), 50);
    assert_eq!(timeline.cursor(&RoomId::lobby()).tail, None);
    let empty = Timeline::from_page(MessagePage::default(), 50);
    assert_eq!(empty.cursor(&RoomId::lobby()).after, Some(0));
    assert!(empty.is_complete());
}

#[test]
fn a_page_that_is_not_full_completes_the_timeline() {
    let mut timeline = Timeline::default();
    timeline.reload(page(1, 7, 7), 50, false);
    assert!(timeline.is_complete(), "nothing was there before");
    let mut timeline = Timeline::from_page(page(4, 6, 6), 3);
    timeline.reload(page(5, 7, 7), 3, false);
    assert!(!timeline.is_complete());
    timeline.reload(page(1, 7, 7), 50, false);
    assert!(timeline.is_complete());
}

#[test]
fn older_pages_are_prepended() {
    let mut timeline = Timeline::from_page(page(7, 9, 9), 3);
    assert!(!timeline.is_complete());
    timeline.prepend(page(4, 7, 9), 3);
    assert_eq!(seqs(&timeline), [4, 5, 6, 7, 8, 9]);
    timeline.prepend(page(2, 3, 9), 3);
    assert!(timeline.is_complete());
    assert_eq!(timeline.first(), Some(2));
}

#[test]
fn a_gap_keeps_what_the_page_connects_to() {
    let mut timeline = Timeline::from_page(page(1, 5, 5), 50);
    timeline.reload(page(4, 8, 8), 5, false);
    assert_eq!(seqs(&timeline), [1, 2, 3, 4, 5, 6, 7, 8]);
    timeline.reload(page(9, 12, 12), 4, false);
    assert_eq!(timeline.first(), Some(9), "without a common message they may be of different histories");
    timeline.reload(page(90, 94, 94), 5, false);
    assert_eq!(seqs(&timeline), [90, 91, 92, 93, 94], "older ones would leave a hole");
    assert!(!timeline.is_complete());
}

#[test]
fn a_page_of_another_history_is_recognised_by_its_first_message() {
    let mut timeline = Timeline::from_page(page(1, 5, 5), 50);
    let mut other = page(4, 8, 8);
    other.messages[0].id = CommandId(uuid::Uuid::from_u128(99_999));
    timeline.reload(other, 5, false);
    assert_eq!(seqs(&timeline), [4, 5, 6, 7, 8]);
    assert!(!timeline.has(message(3).id));
}

#[test]
fn a_page_is_appended_only_if_it_has_the_last_message() {
    let mut timeline = Timeline::from_page(page(1, 5, 5), 50);
    assert_eq!(timeline.append(page(5, 9, 9), 50), None, "it takes live events");
    timeline.detach();
    assert_eq!(timeline.append(page(6, 9, 9), 50), None);
    assert_eq!(timeline.append(page(5, 9, 90), 5), Some(false));
    assert_eq!(timeline.append(page(9, 12, 12), 50), Some(true));
    assert_eq!(seqs(&timeline), (1..=12).collect::<Vec<_>>());
    assert_eq!((timeline.head(), timeline.is_detached()), (12, false));
}

#[test]
fn a_changed_history_replaces_everything() {
    let mut timeline = Timeline::from_page(page(1, 5, 5), 50);
    timeline.reload(page(4, 4, 4), 50, true);
    assert_eq!(seqs(&timeline), [4]);
    assert_eq!(timeline.head(), 4);
}

#[test]
fn edits_and_deletions_change_messages_and_advance_the_head() {
    let mut timeline = Timeline::from_page(page(1, 2, 2), 50);
    let edited = EventKind::Edited {
        message: message(1).id,
        message_seq: 1,
        body: "new".into(),
        html: "<p>new</p>".into(),
        mentions: Vec::new(),
    };
    assert_eq!(timeline.apply(Event { event: edited, ..event(3) }, None), Applied::New);
    assert_eq!(timeline.messages().next().map(|message| message.body.as_str()), Some("new"));
    assert_eq!(
        timeline
            .apply(Event { event: EventKind::Deleted { message: message(2).id, message_seq: 2 }, ..event(4) }, None),
        Applied::New
    );
    assert_eq!(seqs(&timeline), [1]);
    assert_eq!(timeline.head(), 4);
}

#[test]
fn only_a_users_last_presence_is_shown() {
    let mut timeline = Timeline::default();
    timeline.add_presence(&user(2), NoticeKind::UserOnline, 0);
    timeline.add_presence(&user(2), NoticeKind::UserOffline, 0);
    assert_eq!(timeline.notices().len(), 1);
    timeline.apply(event(1), None);
    timeline.add_presence(&user(2), NoticeKind::UserOnline, 0);
    assert_eq!(timeline.notices().len(), 2);
}

#[test]
fn a_long_timeline_is_trimmed_at_its_beginning() {
    let mut timeline = Timeline::from_page(page(1, 301, 301), 1_000);
    assert!(timeline.trim());
    assert_eq!(timeline.first(), Some(102));
    assert!(!timeline.is_complete());
    assert!(!timeline.trim());
}

proptest! {
    /// Frames may be repeated, lost and reordered.
    #[test]
    fn timelines_have_no_holes_and_no_duplicates(start in 0_u64..20, frames in prop::collection::vec((1_u64..60, any::<bool>()), 0..200)) {
        let mut timeline = Timeline::from_page(page(1, start, start), 50);
        for (seq, as_page) in frames {
            let head = timeline.head();
            if as_page {
                timeline.prepend(page(seq.saturating_sub(10).max(1), seq, head), 10);
            } else {
                let applied = timeline.apply(event(seq), None);
                prop_assert_eq!(applied == Applied::Hole, seq > head + 1);
                if applied == Applied::Hole {
                    // What the server's replay would bring.
                    for missing in head + 1..=seq {
                        prop_assert_eq!(timeline.apply(event(missing), None), Applied::New);
                    }
                }
            }
            let shown = seqs(&timeline);
            prop_assert!(shown.windows(2).all(|pair| pair[1] == pair[0] + 1), "{:?}", shown);
            prop_assert_eq!(shown.last().copied().unwrap_or(0), timeline.head());
        }
    }
}

fn topic(seq: Seq) -> Event {
    let event = EventKind::TopicSet { topic: format!("topic {seq}") };
    Event { room: RoomId::lobby(), seq, id: CommandId(Uuid::from_u128(seq.into())), at: 0, by: user(1), event }
}

#[test]
fn unknown_events_are_not_shown() {
    let unknown = |seq| Event { event: EventKind::Unknown, ..topic(seq) };
    let loaded = MessagePage { notices: vec![unknown(1), topic(2)], head: 2, ..MessagePage::default() };
    let mut timeline = Timeline::from_page(loaded, 50);
    assert_eq!(noticed(&timeline), [2]);
    assert_eq!(timeline.apply(unknown(3), None), Applied::New);
    assert_eq!((noticed(&timeline), seqs(&timeline), timeline.head()), (vec![2], vec![], 3));
}

fn noticed(timeline: &Timeline) -> Vec<Seq> {
    timeline.notices().iter().map(|notice| notice.after).collect()
}

#[test]
fn notices_come_with_pages_and_once() {
    let with = |page: MessagePage, notices: &[Seq]| MessagePage {
        notices: notices.iter().copied().map(topic).collect(),
        ..page
    };
    let newest = MessagePage { messages: vec![message(5), message(7)], head: 8, ..MessagePage::default() };
    let mut timeline = Timeline::from_page(with(newest.clone(), &[6, 8]), 2);
    assert_eq!(timeline.apply(topic(8), None), Applied::Duplicate);
    assert_eq!(timeline.apply(topic(9), None), Applied::New);
    timeline.add_presence(&user(3), NoticeKind::UserOnline, 0);
    assert_eq!(noticed(&timeline), [6, 8, 9, 9]);
    let older = MessagePage { messages: vec![message(1), message(3)], head: 9, ..MessagePage::default() };
    timeline.prepend(with(older, &[2, 4]), 2);
    assert_eq!(noticed(&timeline), [2, 4, 6, 8, 9, 9]);
    // The same page again after a break, and what has come meanwhile.
    timeline.reload(with(MessagePage { head: 10, ..newest }, &[6, 8, 9, 10]), 2, false);
    assert_eq!(noticed(&timeline), [2, 4, 6, 8, 9, 9, 10]);
    assert!(!timeline.notices()[4].is_presence() && timeline.notices()[5].is_presence());
    timeline.shorten(1);
    assert_eq!(noticed(&timeline), [8, 9, 9, 10]);
    timeline.replace(with(page(1, 1, 10), &[]));
    assert!(noticed(&timeline).is_empty());
    timeline.append(with(page(1, 1, 2), &[2]), 50);
    assert_eq!(noticed(&timeline), [2]);
}
