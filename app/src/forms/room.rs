//! `/rooms/…/settings`: what a room is called and about, who is in it, and its end. What would be refused does not show.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, limits};

use super::{
    Frame,
    blocks::{Clock, button, link, problem_at, section, status},
    members::Members,
    parts::{self, Field, Problem, id},
};
use crate::i18n::{Words, forms::Word as Say};

/// What the reader may do about the room as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct May {
    /// Give it another name or topic.
    pub rename: bool,
    /// Close it for writing, or open it again.
    pub archive: bool,
    /// Become a member.
    pub join: bool,
    /// Stop being one.
    pub leave: bool,
}

/// What was typed in a form that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedRoom {
    /// Name and topic.
    pub about: Option<[String; 2]>,
    /// Who was to be brought in.
    pub bring_in: String,
}

/// A room, as its settings show it.
#[derive(Clone, Debug)]
pub struct RoomSettings {
    /// Which.
    pub room: RoomId,
    /// What it is called.
    pub name: String,
    /// What it is about; empty when that is not said.
    pub topic: String,
    /// Who may see it.
    pub kind: RoomKind,
    /// Nothing is written there any more.
    pub archived: bool,
    /// What the reader may do.
    pub may: May,
    /// What the reader wants to hear of it; none for who is no member.
    pub level: Option<NotificationLevel>,
    /// Who is in it.
    pub members: Members,
    /// What has come of the last form.
    pub notice: Option<Say>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
    /// What was typed then.
    pub typed: TypedRoom,
    /// How times are told.
    pub clock: Clock,
}

impl RoomSettings {
    /// The document.
    #[must_use]
    pub fn page(mut self, frame: Frame) -> String {
        let words = frame.words;
        let title = format!("{} · {}", self.name, words.say(Say::RoomSettings));
        let kind = words.say(match self.kind {
            RoomKind::Public => Say::PublicRoom,
            RoomKind::Private => Say::PrivateRoom,
            RoomKind::Direct => Say::DirectRoom,
        });
        let archived = self.archived.then(|| [" · ", words.say(Say::RoomArchived)]);
        let topic = (!self.may.rename && !self.topic.is_empty()).then(|| view! { <p>{self.topic.clone()}</p> });
        let about = self.may.rename.then(|| section(words, Say::NameAndTopic, self.about(words)));
        let hear = self.level.map(|level| section(words, Say::Hear, self.hear(words, level)));
        let typed = std::mem::take(&mut self.typed.bring_in);
        let members = std::mem::take(&mut self.members);
        let is_last = members.count == 1;
        let members = members.view(words, self.clock, &self.room, self.problem.as_ref(), typed);
        let body = view! {
            <div>
                <h1 id="room">{self.name.clone()}</h1>
                <p class="soft" data-testid="kind">
                    {kind}
                    {archived}
                </p>
                {topic}
            </div>
            {self.notice.map(|notice| status(words, notice))}
            {problem_at(self.problem.as_ref(), id::ROOM)}
            {link(&format!("/r/{}", self.room), "", words.say(Say::ToRoom))}
            {about}
            {hear}
            {members}
            {self.ends(words, is_last)}
        };
        frame.document(&title, body)
    }

    fn action(&self, what: &str) -> String {
        format!("/rooms/{}/{what}", self.room)
    }

    fn about(&self, words: Words) -> impl IntoView + use<> {
        let [name, topic] = self.typed.about.clone().unwrap_or_else(|| [self.name.clone(), self.topic.clone()]);
        let name = Field::text(id::ROOM_NAME, "name", words.say(Say::RoomName), name, limits::MAX_ROOM_NAME_CHARS);
        let topic = Field::text(id::TOPIC, "topic", words.say(Say::Topic), topic, limits::MAX_TOPIC_CHARS);
        let topic = Field { help: words.say(Say::TopicHelp).into(), ..topic };
        view! {
            <form method="post" action=self.action("settings") data-testid="about-form">
                {name.view(self.problem.as_ref())}
                {topic.view(self.problem.as_ref())}
                <button type="submit" class="button">
                    {words.say(Say::Save)}
                </button>
            </form>
        }
    }

    fn hear(&self, words: Words, level: NotificationLevel) -> impl IntoView + use<> {
        let options = NotificationLevel::ALL.map(|level| match level {
            NotificationLevel::All => (level.as_str(), Say::HearAll, Say::HearAllHelp),
            NotificationLevel::Mentions => (level.as_str(), Say::HearMentions, Say::HearMentionsHelp),
            NotificationLevel::Nothing => (level.as_str(), Say::HearNothing, Say::HearNothingHelp),
        });
        view! {
            <form method="post" action=self.action("level") data-testid="level-form">
                {parts::explained_choice(words, "level", Say::Hear, &options, level.as_str())}
                <button type="submit" class="button">
                    {words.say(Say::Save)}
                </button>
            </form>
        }
    }

    /// Coming, going and closing. `is_last`: there is one member.
    fn ends(&self, words: Words, is_last: bool) -> impl IntoView + use<> {
        let May { archive, join, leave, .. } = self.may;
        let end = |title: Say, help: Say, what: &str, kind: &str| {
            let body = view! {
                <p class="soft">{words.say(help)}</p>
                {button(self.action(what), words.say(title), kind, "room")}
            };
            section(words, title, body)
        };
        let archive = archive.then(|| {
            if self.archived {
                Either::Left(end(Say::Reopen, Say::ReopenHelp, "reopen", ""))
            } else {
                Either::Right(end(Say::Archive, Say::ArchiveHelp, "archive", ""))
            }
        });
        let back = match self.kind {
            RoomKind::Public => Say::LeaveHelp,
            _ if is_last => Say::LeaveLastHelp,
            _ => Say::LeavePrivateHelp,
        };
        view! {
            {join.then(|| end(Say::Join, Say::JoinHelp, "join", ""))}
            {archive}
            {leave.then(|| end(Say::Leave, back, "leave", "danger"))}
        }
    }
}
