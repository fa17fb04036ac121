//! `/rooms/…/settings`: what a room is called and about, who is in it, and its end. What would be refused does not show.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, limits};

use super::{
    Frame,
    blocks::{Clock, button, link, problem_at, section, status},
    members::Members,
    parts::{self, Field, Problem, id},
};
use crate::i18n::{I18n, Key};

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
    pub notice: Option<Key>,
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
        let i18n = frame.i18n;
        let title = format!("{} · {}", self.name, i18n.t(Key::RoomSettings));
        let kind = i18n.t(match self.kind {
            RoomKind::Public => Key::PublicRoom,
            RoomKind::Private => Key::PrivateRoom,
            RoomKind::Direct => Key::DirectMessages,
        });
        let archived = self.archived.then(|| [" · ", i18n.t(Key::ArchivedBadge)]);
        let topic = (!self.may.rename && !self.topic.is_empty()).then(|| view! { <p>{self.topic.clone()}</p> });
        let about = self.may.rename.then(|| section(i18n, Key::NameAndTopic, self.about(i18n)));
        let hear = self.level.map(|level| section(i18n, Key::Notifications, self.hear(i18n, level)));
        let typed = std::mem::take(&mut self.typed.bring_in);
        let members = std::mem::take(&mut self.members);
        let is_last = members.count == 1;
        let members = members.view(i18n, self.clock, &self.room, self.problem.as_ref(), typed);
        let body = view! {
            <div>
                <h1 id="room">{self.name.clone()}</h1>
                <p class="soft" data-testid="kind">
                    {kind}
                    {archived}
                </p>
                {topic}
            </div>
            {self.notice.map(|notice| status(i18n, notice))}
            {problem_at(self.problem.as_ref(), id::ROOM)}
            {link(&format!("/r/{}", self.room), "", i18n.t(Key::OpenRoom))}
            {about}
            {hear}
            {members}
            {self.ends(i18n, is_last)}
        };
        frame.document(&title, body)
    }

    fn action(&self, what: &str) -> String {
        format!("/rooms/{}/{what}", self.room)
    }

    fn about(&self, i18n: I18n) -> impl IntoView + use<> {
        let [name, topic] = self.typed.about.clone().unwrap_or_else(|| [self.name.clone(), self.topic.clone()]);
        let name = Field::text(id::ROOM_NAME, "name", i18n.t(Key::RoomName), name, limits::MAX_ROOM_NAME_CHARS);
        let topic = Field::text(id::TOPIC, "topic", i18n.t(Key::Topic), topic, limits::MAX_TOPIC_CHARS);
        let topic = Field { help: i18n.t(Key::TopicHelp).into(), ..topic };
        view! {
            <form method="post" action=self.action("settings") data-testid="about-form">
                {name.view(self.problem.as_ref())}
                {topic.view(self.problem.as_ref())}
                <button type="submit" class="button">
                    {i18n.t(Key::Save)}
                </button>
            </form>
        }
    }

    fn hear(&self, i18n: I18n, level: NotificationLevel) -> impl IntoView + use<> {
        let options = NotificationLevel::ALL.map(|level| match level {
            NotificationLevel::All => (level.as_str(), Key::NotifyAll, Key::NotifyAllHelp),
            NotificationLevel::Mentions => (level.as_str(), Key::NotifyMentions, Key::NotifyMentionsHelp),
            NotificationLevel::Nothing => (level.as_str(), Key::NotifyNothing, Key::NotifyNothingHelp),
        });
        view! {
            <form method="post" action=self.action("level") data-testid="level-form">
                {parts::explained_choice(i18n, "level", Key::Notifications, &options, level.as_str())}
                <button type="submit" class="button">
                    {i18n.t(Key::Save)}
                </button>
            </form>
        }
    }

    /// Coming, going and closing. `is_last`: there is one member.
    fn ends(&self, i18n: I18n, is_last: bool) -> impl IntoView + use<> {
        let May { archive, join, leave, .. } = self.may;
        let end = |title: Key, help: Key, what: &str, kind: &str| {
            let body = view! {
                <p class="soft">{i18n.t(help)}</p>
                {button(self.action(what), i18n.t(title), kind, "room")}
            };
            section(i18n, title, body)
        };
        let archive = archive.then(|| {
            if self.archived {
                Either::Left(end(Key::UnarchiveRoom, Key::UnarchiveHelp, "reopen", ""))
            } else {
                Either::Right(end(Key::ArchiveRoom, Key::ArchiveHelp, "archive", ""))
            }
        });
        let back = match self.kind {
            RoomKind::Public => Key::LeaveHelp,
            _ if is_last => Key::LeaveLastHelp,
            _ => Key::LeavePrivateHelp,
        };
        view! {
            {join.then(|| end(Key::JoinRoom, Key::JoinHelp, "join", ""))}
            {archive}
            {leave.then(|| end(Key::LeaveRoom, back, "leave", "danger"))}
        }
    }
}
