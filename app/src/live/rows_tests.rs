//! The rows of a timeline.

use std::collections::HashSet;

use parlor_protocol::{User, UserKind, http::MessagePage};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::i18n::Language;

const MINUTE: Millis = 60_000;

fn user(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("user {n}"), kind: UserKind::Guest, colour: None }
}

fn message(seq: Seq, by: u128, at: Millis) -> Message {
    let id = CommandId(Uuid::from_u128(1_000 + u128::from(seq)));
    Message {
        id,
        seq,
        at,
        by: user(by),
        body: "hi".into(),
        html: "<p>hi</p>".into(),
        reply_to: None,
        mentions: Vec::new(),
        edited_at: None,
        reactions: Vec::new(),
    }
}

fn timeline(messages: Vec<Message>) -> Timeline {
    let head = messages.last().map_or(0, |last| last.seq);
    Timeline::from_page(MessagePage { messages, head, ..MessagePage::default() }, 50)
}

fn shown(timeline: &Timeline, outbox: &Outbox) -> Vec<String> {
    rows(&RoomId::lobby(), timeline, outbox, Some(user(1).id), Zone::Fixed(0), I18n::default())
        .into_iter()
        .map(|(_, row)| match row {
            Row::Day(day) => format!("day {day}"),
            Row::UnreadMarker => "new".into(),
            Row::Notice { kind, names, .. } => format!("{names} {kind:?}"),
            Row::Message(row) => {
                let mark = if row.starts_group { "" } else { "+" };
                format!("{mark}{} {}", row.message.by.name, row.delivery.slug())
            }
        })
        .collect()
}

#[test]
fn messages_within_five_minutes_share_a_header() {
    let at = [0, 4 * MINUTE, 9 * MINUTE, 15 * MINUTE];
    let mut messages: Vec<_> = (1..).zip(at).map(|(seq, at)| message(seq, 2, at)).collect();
    messages.push(message(5, 3, 15 * MINUTE));
    assert_eq!(
        shown(&timeline(messages), &Outbox::default()),
        ["day 0", "user 2 stored", "+user 2 stored", "+user 2 stored", "user 2 stored", "user 3 stored"]
    );
}

#[test]
fn days_notices_and_the_unread_marker_end_a_group() {
    let day = 24 * 60 * MINUTE;
    let mut timeline = timeline(vec![message(1, 2, day - 2), message(2, 2, day + 2), message(3, 2, day + 3)]);
    timeline.mark_unread(Some(2));
    for n in 3..=7 {
        timeline.add_presence(&user(n), NoticeKind::UserOnline, 0);
    }
    timeline.add_presence(&user(8), NoticeKind::UserOffline, 0);
    assert_eq!(
        shown(&timeline, &Outbox::default()),
        [
            "day 0",
            "user 2 stored",
            "day 1",
            "user 2 stored",
            "new",
            "user 2 stored",
            "user 3, user 4, 3 others UserOnline",
            "user 8 UserOffline"
        ]
    );
}

#[test]
fn unsent_messages_come_last_and_keep_their_keys() {
    let mut outbox = Outbox::default();
    let id = CommandId(Uuid::from_u128(1_002));
    outbox.push(RoomId::lobby(), id, "hi".into(), user(1), MINUTE, true);
    let mut timeline = timeline(vec![message(1, 2, 0)]);
    let keys = |timeline: &Timeline, outbox: &Outbox| {
        rows(&RoomId::lobby(), timeline, outbox, None, Zone::Fixed(0), I18n::default())
            .into_iter()
            .map(|(key, _)| key)
            .collect::<Vec<_>>()
    };
    let before = keys(&timeline, &outbox);
    assert_eq!(shown(&timeline, &outbox), ["day 0", "user 2 stored", "user 1 queued"]);
    timeline.prepend(MessagePage::default(), 50);
    let page =
        MessagePage { messages: vec![message(1, 2, 0), message(2, 1, MINUTE)], head: 2, ..MessagePage::default() };
    timeline.reload(page, 50, false);
    outbox.remove_delivered(id);
    assert_eq!(keys(&timeline, &outbox), before);
    assert_eq!(shown(&timeline, &outbox), ["day 0", "user 2 stored", "user 1 stored"]);
}

#[test]
fn own_messages_do_not_place_the_unread_marker() {
    let mut timeline = timeline(vec![message(1, 2, 0), message(2, 1, 1)]);
    timeline.mark_unread(Some(1));
    assert!(!shown(&timeline, &Outbox::default()).contains(&"new".to_owned()));
}

#[test]
fn names_are_joined_and_counted() {
    let join = |names: &[&str]| {
        [Language::English, Language::Chinese].map(|language| join_names(names, Zone::Fixed(0), I18n::new(language)))
    };
    assert_eq!(join(&["Ann"]), ["Ann", "Ann"]);
    assert_eq!(join(&["Ann", "Bob", "Cy"]), ["Ann, Bob, Cy", "Ann, Bob, Cy"]);
    assert_eq!(join(&["Ann", "Bob", "Cy", "Di", "Ed"]), ["Ann, Bob, 3 others", "Ann, Bob, 另外 3 人"]);
}

proptest! {
    /// A repeated key would misplace rows, whatever the clocks show.
    #[test]
    fn keys_are_unique(times in prop::collection::vec((-3_i64..3, 1_u128..4, 0_u8..4), 0..60)) {
        let mut timeline = Timeline::default();
        for (seq, (days, by, what)) in (1..).zip(times) {
            let page = MessagePage { messages: vec![message(seq, by, days * 24 * 60 * MINUTE)], head: seq, ..MessagePage::default() };
            timeline.reload(page, 1, false);
            match what {
                0 => timeline.add_presence(&user(by), NoticeKind::UserOnline, 0),
                1 => timeline.add_presence(&user(by), NoticeKind::UserOffline, 0),
                2 => timeline.mark_unread(Some(seq)),
                _ => {}
            }
        }
        let rows = rows(&RoomId::lobby(), &timeline, &Outbox::default(), None, Zone::Fixed(0), I18n::default());
        let keys: HashSet<_> = rows.iter().map(|(key, _)| *key).collect();
        prop_assert_eq!(keys.len(), rows.len());
    }
}

#[test]
fn an_edit_is_shown_in_the_place_of_its_message() {
    use crate::live::outbox::StoredMessage;
    let timeline = timeline(vec![message(1, 1, 0), message(2, 2, 0)]);
    let mut outbox = Outbox::default();
    let edit = |n: u128, edits: Seq| StoredMessage {
        id: CommandId(Uuid::from_u128(n)),
        room: RoomId::lobby(),
        body: format!("edit {n}"),
        edits: Some(CommandId(Uuid::from_u128(1_000 + u128::from(edits)))),
        at: 0,
        attempted: true,
        failed: None,
    };
    outbox.queue(edit(5_001, 1), user(1));
    outbox.queue(edit(5_002, 1), user(1));
    // Not in sight: waiting edits are not shown, failed ones still have the text.
    outbox.queue(edit(5_003, 77), user(1));
    outbox.queue(StoredMessage { failed: Some("no".into()), ..edit(5_004, 77) }, user(1));
    let rows = rows(&RoomId::lobby(), &timeline, &outbox, Some(user(1).id), Zone::Fixed(0), I18n::default());
    let shown: Vec<_> = rows
        .iter()
        .filter_map(|(key, row)| Some((*key, row.message()?)))
        .map(|(key, row)| {
            let RowKey::Message(id) = key else { unreachable!("{key:?}") };
            (id.0.as_u128(), row.message.body.as_str(), row.message.seq, row.command.0.as_u128(), row.delivery.slug())
        })
        .collect();
    assert_eq!(
        shown,
        [
            (1_001, "edit 5002", 0, 5_002, "queued"),
            (1_002, "hi", 2, 1_002, "stored"),
            (5_004, "edit 5004", 0, 5_004, "failed"),
        ]
    );
}
