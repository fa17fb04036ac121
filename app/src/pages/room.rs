//! `/rooms/…/settings`: name, topic, notifications, members, archiving, joining and leaving. Nothing is offered that would be
//! rejected.

use leptos::prelude::*;
use parlor_protocol::{NotificationLevel, RoomId, RoomKind, limits};

use super::{
    elements::{ActionButton, Link, Section},
    fields::{RadioGroup, SubmitButton, TextField},
    form::{PageNotice, PostForm},
    members::{MemberList, Members},
};
use crate::i18n::{I18n, Key};

/// What the reader may do with the room as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RoomPermissions {
    pub rename: bool,
    pub archive: bool,
    pub join: bool,
    pub leave: bool,
}

/// A room as its settings show it.
#[derive(Clone, Debug)]
pub struct RoomDetails {
    pub id: RoomId,
    pub name: String,
    pub topic: String,
    pub kind: RoomKind,
    pub archived: bool,
    /// Whether the reader owns the room.
    pub is_owner: bool,
    pub permissions: RoomPermissions,
    /// The reader's notification level; none if they are not a member.
    pub level: Option<NotificationLevel>,
}

impl RoomDetails {
    fn action(&self, what: &str) -> String {
        format!("/rooms/{}/{what}", self.id)
    }
}

#[component]
pub fn RoomSettingsPage(room: RoomDetails, members: MemberList) -> impl IntoView {
    let i18n = I18n::current();
    let kind = i18n.t(match room.kind {
        RoomKind::Public => Key::PublicRoom,
        RoomKind::Private => Key::PrivateRoom,
        RoomKind::Direct => Key::DirectMessages,
    });
    let archived = room.archived.then(|| [" · ", i18n.t(Key::ArchivedBadge)]);
    let may_rename = room.permissions.rename;
    let topic = (!may_rename && !room.topic.is_empty()).then(|| view! { <p>{room.topic.clone()}</p> });
    let is_last_member = members.count == 1;
    view! {
        <div>
            <h1 id="room">{room.name.clone()}</h1>
            <p class="soft" data-testid="kind">
                {kind}
                {archived}
            </p>
            {topic}
        </div>
        <PageNotice />
        <Link href=format!("/r/{}", room.id) label=Key::OpenRoom />
        {may_rename.then(|| view! { <NameAndTopic room=room.clone() /> })}
        {room.level.map(|level| view! { <Notifications action=room.action("level") level /> })}
        <Members room=room.id.clone() members />
        <RoomActions room is_last_member />
    }
}

#[component]
fn NameAndTopic(room: RoomDetails) -> impl IntoView {
    view! {
        <Section title=Key::NameAndTopic>
            <PostForm action=room.action("settings") test_id="about-form">
                <TextField
                    id="room-name"
                    name="name"
                    label=Key::RoomName
                    value=room.name
                    max_length=limits::MAX_ROOM_NAME_CHARS
                />
                <TextField
                    id="topic"
                    name="topic"
                    label=Key::Topic
                    value=room.topic
                    help=I18n::current().t(Key::TopicHelp)
                    max_length=limits::MAX_TOPIC_CHARS
                />
                <SubmitButton label=Key::Save />
            </PostForm>
        </Section>
    }
}

#[component]
fn Notifications(action: String, level: NotificationLevel) -> impl IntoView {
    let options = NotificationLevel::ALL.map(|level| match level {
        NotificationLevel::All => (level.as_str(), Key::NotifyAll, Key::NotifyAllHelp),
        NotificationLevel::Mentions => (level.as_str(), Key::NotifyMentions, Key::NotifyMentionsHelp),
        NotificationLevel::Nothing => (level.as_str(), Key::NotifyNothing, Key::NotifyNothingHelp),
    });
    view! {
        <Section title=Key::Notifications>
            <PostForm action test_id="level-form">
                <RadioGroup name="level" legend=Key::Notifications options value=level.as_str() />
                <SubmitButton label=Key::Save />
            </PostForm>
        </Section>
    }
}

/// Joining, archiving and leaving.
#[component]
fn RoomActions(room: RoomDetails, is_last_member: bool) -> impl IntoView {
    let RoomPermissions { archive, join, leave, .. } = room.permissions;
    let section = |shown: bool, title: Key, help: &[Key], what: &str, class: &'static str| {
        let action = room.action(what);
        let paragraph = |help: &Key| view! { <p class="soft">{I18n::current().t(*help)}</p> };
        let help = help.iter().map(paragraph).collect_view();
        shown.then(|| {
            view! {
                <Section title>
                    {help}
                    <ActionButton action label=title class about="room" />
                </Section>
            }
        })
    };
    let leave_help = match room.kind {
        RoomKind::Private if is_last_member => Key::LeaveLastHelp,
        RoomKind::Public => Key::LeaveHelp,
        RoomKind::Private | RoomKind::Direct => Key::LeavePrivateHelp,
    };
    let should_hand_over = room.is_owner && !is_last_member;
    let leave_help = if should_hand_over { vec![Key::LeaveOwnerHelp, leave_help] } else { vec![leave_help] };
    view! {
        {section(join, Key::JoinRoom, &[Key::JoinHelp], "join", "")}
        {section(archive && room.archived, Key::UnarchiveRoom, &[Key::UnarchiveHelp], "reopen", "")}
        {section(archive && !room.archived, Key::ArchiveRoom, &[Key::ArchiveHelp], "archive", "")}
        {section(leave, Key::LeaveRoom, &leave_help, "leave", "danger")}
    }
}
