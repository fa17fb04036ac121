//! Edits, reactions and deletions, with pages that are older or newer than the live position.
#![allow(clippy::expect_used)]

use parlor_protocol::{Reaction, UserKind, http::MessagePage, limits};
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const LIMIT: usize = 4;
const EMOJIS: [&str; 2] = ["👍", "❤️"];

fn user(n: u128) -> User {
    User { id: UserId(Uuid::from_u128(n)), name: format!("user {n}"), kind: UserKind::Guest, colour: None }
}

fn me() -> Option<UserId> {
    Some(user(1).id)
}

fn id(seq: Seq) -> CommandId {
    CommandId(Uuid::from_u128(1_000 + u128::from(seq)))
}

/// A room's log on the server.
#[derive(Clone, Debug, Default)]
struct Log(Vec<Event>);

impl Log {
    fn head(&self) -> Seq {
        self.0.len() as Seq
    }

    fn push(&mut self, by: u128, event: EventKind) -> Event {
        let seq = self.head() + 1;
        let event = Event { room: RoomId::lobby(), seq, id: id(seq), at: seq.cast_signed(), by: user(by), event };
        self.0.push(event.clone());
        event
    }

    fn message(&mut self, by: u128) -> Event {
        let seq = self.head() + 1;
        let (body, html) = (format!("message {seq}"), format!("<p>message {seq}</p>"));
        self.push(by, EventKind::Message { id: id(seq), body, html, reply_to: None, mentions: Vec::new() })
    }

    fn edit(&mut self, message_seq: Seq) -> Event {
        let (message, body) = (id(message_seq), format!("edit {}", self.head() + 1));
        let (html, mentions) = (format!("<p>{body}</p>"), vec![user(1).id]);
        self.push(2, EventKind::Edited { message, message_seq, body, html, mentions })
    }

    fn delete(&mut self, message_seq: Seq) -> Event {
        self.push(2, EventKind::Deleted { message: id(message_seq), message_seq })
    }

    fn react(&mut self, message_seq: Seq, by: u128, emoji: &str, on: bool) -> Event {
        self.push(by, EventKind::Reacted { message: id(message_seq), message_seq, emoji: emoji.into(), on })
    }

    /// The messages as they were at an event, computed from the beginning.
    fn messages(&self, head: Seq) -> Vec<Message> {
        let mut messages: Vec<Message> = Vec::new();
        for event in self.0.iter().filter(|event| event.seq <= head) {
            let Event { seq, at, by, event, .. } = event.clone();
            match event {
                EventKind::Message { id, body, html, reply_to, mentions } => {
                    let (edited_at, reactions) = (None, Vec::new());
                    messages.push(Message { id, seq, at, by, body, html, reply_to, mentions, edited_at, reactions });
                }
                EventKind::Edited { message, body, html, mentions, .. } => {
                    for known in messages.iter_mut().filter(|known| known.id == message) {
                        (known.body, known.html, known.mentions) = (body.clone(), html.clone(), mentions.clone());
                        known.edited_at = Some(at);
                    }
                }
                EventKind::Deleted { message, .. } => messages.retain(|known| known.id != message),
                EventKind::Reacted { message, emoji, on, .. } => {
                    for known in messages.iter_mut().filter(|known| known.id == message) {
                        let reactions = &mut known.reactions;
                        if on && reactions.iter().all(|known| known.emoji != emoji) {
                            let (emoji, users) = (emoji.clone(), Vec::new());
                            reactions.push(Reaction { emoji, count: 0, me: false, users });
                        }
                        for reaction in reactions.iter_mut().filter(|known| known.emoji == emoji) {
                            reaction.users.retain(|user| user.id != by.id);
                            reaction.users.extend(on.then(|| by.clone()));
                            reaction.count = reaction.users.len() as u64;
                            reaction.me = reaction.users.iter().any(|user| Some(user.id) == me());
                        }
                        reactions.retain(|reaction| reaction.count > 0);
                    }
                }
                _ => {}
            }
        }
        messages
    }

    /// The newest messages for which `wanted` holds, or the oldest, as they are now.
    fn page(&self, newest: bool, wanted: impl Fn(Seq) -> bool) -> MessagePage {
        let head = self.head();
        let mut messages: Vec<_> = self.messages(head).into_iter().filter(|message| wanted(message.seq)).collect();
        let all = messages.len();
        if newest {
            messages.drain(..all.saturating_sub(LIMIT));
        } else {
            messages.truncate(LIMIT);
        }
        MessagePage { messages, head, ..MessagePage::default() }
    }
}

fn shown(timeline: &Timeline) -> Vec<Message> {
    timeline.messages().map(|message| Message::clone(message)).collect()
}

/// Six messages, of which the newest four are shown.
fn six() -> (Log, Timeline) {
    let mut log = Log::default();
    (0..6).for_each(|_| drop(log.message(2)));
    let timeline = Timeline::from_page(log.page(true, |_| true), LIMIT);
    (log, timeline)
}

#[test]
fn a_page_that_live_events_have_overtaken_is_brought_up_to_date() {
    let (mut log, mut timeline) = six();
    let older = log.page(true, |seq| seq < 3);
    for event in [log.delete(1), log.edit(2), log.react(2, 1, "👍", true)] {
        assert_eq!(timeline.apply(event, me()), Applied::New);
    }
    assert!(timeline.prepend(older, LIMIT));
    assert_eq!(shown(&timeline), log.messages(log.head()), "the first message is deleted, and the second changed");
}

#[test]
fn a_page_ahead_of_the_live_events_gets_none_of_them_twice() {
    let (mut log, mut timeline) = six();
    let events = [log.react(1, 3, "👍", true), log.react(4, 3, "👍", true), log.edit(2)];
    assert!(timeline.prepend(log.page(true, |seq| seq < 3), LIMIT));
    assert!(!timeline.is_at_head(), "it cannot be stored so");
    for event in events {
        assert_eq!(timeline.apply(event, me()), Applied::New);
    }
    assert_eq!(shown(&timeline), log.messages(log.head()));
    assert!(timeline.is_at_head());
}

#[test]
fn a_page_that_lacks_forgotten_changes_is_loaded_again() {
    let (mut log, mut timeline) = six();
    let older = log.page(true, |seq| seq < 3);
    for n in 0..400 {
        timeline.apply(log.react(1, 1, "👍", n % 2 == 0), me());
    }
    assert!(!timeline.accepts(&older) && !timeline.prepend(older, LIMIT));
    assert_eq!(timeline.first(), Some(3));
    assert!(timeline.prepend(log.page(true, |seq| seq < 3), LIMIT));
    assert_eq!(shown(&timeline), log.messages(log.head()));
}

#[test]
fn older_messages_that_may_have_changed_in_a_gap_are_dropped() {
    let (mut log, mut timeline) = six();
    let mut after_messages = timeline.clone();
    log.message(2);
    after_messages.reload(log.page(true, |_| true), LIMIT, false);
    assert_eq!(after_messages.first(), Some(3), "nothing but messages was missed");
    log.delete(3);
    timeline.reload(log.page(true, |_| true), LIMIT, false);
    assert_eq!(shown(&timeline), log.page(true, |_| true).messages);
    assert!(!timeline.is_complete());
}

#[test]
fn changes_are_shown_while_the_timeline_is_detached() {
    let (mut log, mut timeline) = six();
    timeline.detach();
    assert_eq!(timeline.apply(log.message(2), me()), Applied::Beyond);
    assert_eq!(timeline.apply(log.react(4, 1, "👍", true), me()), Applied::Beyond);
    assert_eq!(timeline.apply(log.delete(5), me()), Applied::Beyond);
    let expected: Vec<_> =
        log.messages(log.head()).into_iter().filter(|message| (3..7).contains(&message.seq)).collect();
    assert_eq!(shown(&timeline), expected);
    assert_eq!(timeline.append(log.page(false, |seq| seq >= 6), LIMIT), Some(true));
    let expected: Vec<_> = log.messages(log.head()).into_iter().filter(|message| message.seq >= 3).collect();
    assert_eq!(shown(&timeline), expected);
}

#[test]
fn a_page_from_before_the_one_that_ends_the_timeline_is_loaded_again() {
    let (mut log, mut timeline) = six();
    timeline.detach();
    let older = log.page(true, |seq| seq < 3);
    log.edit(1);
    assert_eq!(timeline.append(log.page(false, |seq| seq >= 6), LIMIT), Some(true));
    // The edit was no event here, so nothing knows it.
    assert!(timeline.first().is_none_or(|first| first > 5) && !timeline.prepend(older, LIMIT));
}

#[test]
fn reactions_are_counted_and_name_the_first_users() {
    let (mut log, mut timeline) = six();
    let of = |timeline: &Timeline| {
        let reactions = &timeline.message(id(6)).expect("a message").reactions;
        reactions.iter().map(|one| (one.emoji.clone(), one.count, one.me, one.users.len())).collect::<Vec<_>>()
    };
    for n in 2..=30 {
        timeline.apply(log.react(6, n, "👍", true), me());
    }
    timeline.apply(log.react(6, 1, "🎉", true), me());
    timeline.apply(log.react(6, 1, "👍", true), me());
    assert_eq!(of(&timeline), [("👍".into(), 30, true, limits::MAX_REACTION_USERS), ("🎉".into(), 1, true, 1)]);
    timeline.apply(log.react(6, 1, "🎉", false), me());
    timeline.apply(log.react(6, 1, "👍", false), me());
    timeline.apply(log.react(6, 2, "👍", false), me());
    assert_eq!(of(&timeline), [("👍".into(), 28, false, limits::MAX_REACTION_USERS - 1)]);
}

#[test]
fn a_deleted_text_is_not_kept() {
    let (mut log, mut timeline) = six();
    timeline.apply(log.edit(5), me());
    timeline.apply(log.delete(5), me());
    assert!(!format!("{timeline:?}").contains("edit 7"));
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Message(u128),
    Edit(usize),
    Delete(usize),
    React(usize, u128, usize),
    Topic,
    Deliver(u8),
    AskOlder,
    AskNewest,
    AskAround(usize),
    AskNewer,
    Answer(usize),
    Gap,
}

fn step() -> impl Strategy<Value = Step> {
    let message = 0..20_usize;
    prop_oneof![
        4 => (1..4_u128).prop_map(Step::Message),
        3 => message.clone().prop_map(Step::Edit),
        2 => message.clone().prop_map(Step::Delete),
        5 => (message.clone(), 1..4_u128, 0..EMOJIS.len()).prop_map(|(at, by, emoji)| Step::React(at, by, emoji)),
        1 => Just(Step::Topic),
        6 => (1..6_u8).prop_map(Step::Deliver),
        4 => Just(Step::AskOlder),
        1 => Just(Step::AskNewest),
        1 => message.prop_map(Step::AskAround),
        2 => Just(Step::AskNewer),
        6 => (0..3_usize).prop_map(Step::Answer),
        1 => Just(Step::Gap),
    ]
}

#[derive(Clone, Copy)]
enum Request {
    Older(Option<CommandId>),
    Newest,
    Around,
    Newer(Seq),
}

/// A timeline with its subscription and the pages that are on their way.
struct Reader {
    log: Log,
    timeline: Timeline,
    /// The newest event that was delivered.
    delivered: Seq,
    pending: VecDeque<(Request, MessagePage)>,
}

impl Reader {
    /// A message of the log that is not deleted.
    fn pick(&self, at: usize) -> Option<Message> {
        let messages = self.log.messages(self.log.head());
        (!messages.is_empty()).then(|| messages[messages.len() - 1 - at % messages.len()].clone())
    }

    fn deliver(&mut self, count: Seq) {
        for _ in 0..count {
            let Some(event) = usize::try_from(self.delivered).ok().and_then(|at| self.log.0.get(at)).cloned() else {
                return;
            };
            self.delivered = event.seq;
            let applied = self.timeline.apply(event, me());
            assert!(self.timeline.is_detached() || applied == Applied::New, "{applied:?}");
        }
    }

    fn answer(&mut self, request: Request, page: MessagePage) {
        match request {
            Request::Older(first) if self.timeline.first_id() == first => {
                self.timeline.prepend(page, LIMIT);
            }
            Request::Newest => {
                self.timeline.reload(page, LIMIT, false);
                self.delivered = self.timeline.head();
            }
            Request::Around if self.timeline.accepts(&page) && !page.messages.is_empty() => self.timeline.replace(page),
            Request::Newer(last)
                if self.timeline.is_detached()
                    && self.timeline.last() == Some(last)
                    && self.timeline.accepts(&page)
                    && self.timeline.append(page.clone(), LIMIT) == Some(true) =>
            {
                self.delivered = self.timeline.head();
            }
            Request::Older(_) | Request::Around | Request::Newer(_) => {}
        }
    }

    fn run(&mut self, step: Step) {
        match step {
            Step::Message(by) => drop(self.log.message(by)),
            Step::Topic => drop(self.log.push(2, EventKind::TopicSet { topic: "t".into() })),
            Step::Edit(at) => drop(self.pick(at).map(|message| self.log.edit(message.seq))),
            Step::Delete(at) => drop(self.pick(at).map(|message| self.log.delete(message.seq))),
            Step::React(at, by, emoji) => {
                if let Some(message) = self.pick(at) {
                    let known = message.reactions.iter().find(|reaction| reaction.emoji == EMOJIS[emoji]);
                    let on = known.is_none_or(|known| known.users.iter().all(|other| other.id != user(by).id));
                    self.log.react(message.seq, by, EMOJIS[emoji], on);
                }
            }
            Step::Deliver(count) => self.deliver(count.into()),
            Step::AskOlder => {
                if let Some(first) = self.timeline.first() {
                    let page = self.log.page(true, |seq| seq < first);
                    self.pending.push_back((Request::Older(self.timeline.first_id()), page));
                }
            }
            Step::AskNewest => self.pending.push_back((Request::Newest, self.log.page(true, |_| true))),
            Step::AskAround(at) => {
                if let Some(seq) = self.pick(at).filter(|_| self.timeline.is_detached()).map(|message| message.seq) {
                    self.pending.push_back((Request::Around, self.log.page(false, |other| other + 2 > seq)));
                }
            }
            Step::AskNewer => {
                if let Some(last) = self.timeline.last().filter(|_| self.timeline.is_detached()) {
                    self.pending.push_back((Request::Newer(last), self.log.page(false, |seq| seq >= last)));
                }
            }
            Step::Answer(at) => {
                let at = at.min(self.pending.len().saturating_sub(1));
                if let Some((request, page)) = self.pending.remove(at) {
                    self.answer(request, page);
                }
            }
            Step::Gap => {
                self.timeline.detach();
                self.delivered = self.log.head();
            }
        }
        self.check();
    }

    /// Each message is exactly as it was at some event, and none is missing in between.
    fn check(&self) {
        if self.timeline.is_detached() {
            return;
        }
        let head = self.timeline.head();
        for entry in &self.timeline.entries {
            let expected =
                self.log.messages(entry.current.max(head)).into_iter().find(|known| known.id == entry.message.id);
            assert_eq!(Some(&*entry.message), expected.as_ref(), "at {head}");
        }
        let first = self.timeline.first().unwrap_or(Seq::MAX);
        let now = self.log.messages(self.log.head());
        for message in self.log.messages(head).into_iter().filter(|message| message.seq >= first) {
            assert!(
                self.timeline.has(message.id) || now.iter().all(|other| other.id != message.id),
                "{} lacks",
                message.seq
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the order of pages and events, the timeline is what the log says.
    #[test]
    fn timelines_are_the_reduction_of_the_log(steps in prop::collection::vec(step(), 0..120)) {
        let (log, timeline) = six();
        let mut reader = Reader { delivered: log.head(), log, timeline, pending: VecDeque::new() };
        for step in steps {
            reader.run(step);
        }
        if reader.timeline.is_detached() {
            reader.run(Step::AskNewest);
            let last = reader.pending.len() - 1;
            reader.run(Step::Answer(last));
        }
        reader.deliver(Seq::MAX);
        reader.check();
        prop_assert!(reader.timeline.is_at_head());
        let first = reader.timeline.first().unwrap_or(0);
        let expected: Vec<_> = reader.log.messages(reader.log.head()).into_iter().filter(|message| message.seq >= first).collect();
        prop_assert!(expected.len() == shown(&reader.timeline).len() || first == 0);
        prop_assert_eq!(shown(&reader.timeline), if first == 0 { Vec::new() } else { expected });
    }
}
