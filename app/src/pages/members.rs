//! The members of a room, and what the reader may do about each of them.

use leptos::prelude::*;
use parlor_protocol::{Millis, RoomId, RoomRole, User, UserId, UserKind, limits};

use super::{
    elements::{ActionButton, Avatar, LastSeen, Pagination, Section, Time},
    fields::{SubmitButton, TextField},
    form::PostForm,
    person::MuteDuration,
};
use crate::i18n::{I18n, Key};

/// A member, and what the reader may do about them.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct MemberRow {
    pub user: User,
    pub role: RoomRole,
    /// The member is the reader.
    pub is_me: bool,
    /// Whether they have a page that the reader may see.
    pub has_page: bool,
    /// Whether they are online, if the reader may know.
    pub online: bool,
    /// When they were last online, if the reader may know.
    pub seen_at: Option<Millis>,
    /// The end of a mute in this room, for those who may mute here.
    pub muted_until: Option<Millis>,
    pub may_remove: bool,
    /// Whether the reader may make them a moderator.
    pub may_appoint: bool,
    pub may_dismiss: bool,
    /// Whether the reader may make them the owner.
    pub may_make_owner: bool,
    pub may_mute: bool,
}

impl MemberRow {
    const fn can_manage(&self) -> bool {
        self.may_remove || self.may_appoint || self.may_dismiss || self.may_make_owner || self.may_mute
    }
}

/// A page of the members of a room, by name.
#[derive(Clone, Debug, Default)]
pub struct MemberList {
    pub rows: Vec<MemberRow>,
    /// Members of the room in total.
    pub count: u64,
    /// Members before this page.
    pub offset: u64,
    /// The last member of this page; none on the last page.
    pub next: Option<UserId>,
    /// Whether the reader may add members.
    pub may_add: bool,
    /// Names to suggest for that.
    pub suggestions: Vec<String>,
}

#[component]
pub(super) fn Members(room: RoomId, members: MemberList) -> impl IntoView {
    let MemberList { rows, count, offset, next, may_add, suggestions } = members;
    let end = offset.saturating_add(rows.len() as u64);
    let range = [offset.saturating_add(1), end].map(|n| n.to_string());
    let values = [("from", range[0].as_str()), ("to", &range[1]), ("n", &count.to_string())];
    let is_one_of_several = next.is_some() || offset > 0;
    let range = (is_one_of_several && !rows.is_empty()).then(|| I18n::current().format(Key::MemberRange, &values));
    let first = (offset > 0).then(|| (format!("/rooms/{room}/settings"), Key::FirstPage));
    let next = next.map(|last| (format!("/rooms/{room}/settings?after={last}&from={end}"), Key::NextPage));
    let links = [first, next];
    let add = may_add.then(|| view! { <AddMember room=room.clone() suggestions /> });
    let rows = rows.into_iter().map(|member| view! { <Row room=room.clone() member /> }).collect_view();
    view! {
        <Section title=Key::Members>
            {add}
            {range.map(|range| view! { <p class="soft">{range}</p> })}
            <ul class="entries">{rows}</ul>
            <Pagination links />
        </Section>
    }
}

#[component]
fn AddMember(room: RoomId, suggestions: Vec<String>) -> impl IntoView {
    let suggestions = suggestions.into_iter().map(|name| view! { <option value=name></option> }).collect_view();
    view! {
        <PostForm action=format!("/rooms/{room}/members") test_id="add-member-form" class="line">
            <TextField
                id="add-member"
                name="name"
                label=Key::AddMember
                help=I18n::current().t(Key::AddMemberHelp)
                max_length=limits::MAX_NAME_CHARS
                list="people"
            />
            <SubmitButton label=Key::AddMemberButton />
            <datalist id="people">{suggestions}</datalist>
        </PostForm>
    }
}

#[component]
fn Row(room: RoomId, member: MemberRow) -> impl IntoView {
    let i18n = I18n::current();
    let User { id: user, name, kind, colour } = member.user.clone();
    let about = format!("member-{user}");
    let linked_name = if member.has_page {
        view! { <a href=format!("/people/{user}")>{name.clone()}</a> }.into_any()
    } else {
        name.clone().into_any()
    };
    let room_role = match member.role {
        RoomRole::Member => None,
        RoomRole::Moderator => Some(Key::RoomModerator),
        RoomRole::Owner => Some(Key::RoomOwner),
    };
    let manage = member.can_manage().then(|| {
        view! {
            <details class="manage" data-testid="manage">
                <summary class="button small" aria-label=i18n.format(Key::ManagePerson, &[("name", &name)])>
                    {i18n.t(Key::Manage)}
                </summary>
                <div class="panel">
                    <MemberActions room member=member.clone() about=about.clone() />
                </div>
            </details>
        }
    });
    view! {
        <li data-testid="member">
            <Avatar user name colour />
            <div id=about class="who">
                <p class="about-name">
                    {linked_name}
                    {member.is_me.then(|| view! { <span class="mine">{i18n.t(Key::You)}</span> })}
                </p>
                {(kind == UserKind::Guest).then(|| view! { <p class="soft">{i18n.t(Key::RoleGuest)}</p> })}
                <LastSeen online=member.online seen_at=member.seen_at />
                {room_role.map(|role| view! { <p class="soft">{i18n.t(role)}</p> })}
                {member
                    .muted_until
                    .map(|at| {
                        view! {
                            <p class="warned">
                                <Time at text=Key::MutedUntil />
                            </p>
                        }
                    })}
            </div>
            {manage}
        </li>
    }
}

#[component]
fn MemberActions(room: RoomId, member: MemberRow, about: String) -> impl IntoView {
    let action = |what: &str| format!("/rooms/{room}/members/{}/{what}", member.user.id);
    let button = |what: &str, label: Key, class: &'static str| {
        let (action, about) = (action(what), about.clone());
        view! { <ActionButton action label class about /> }
    };
    let mute = match (member.may_mute, member.muted_until) {
        (false, _) => None,
        (true, Some(_)) => Some(button("unmute", Key::Unmute, "small").into_any()),
        (true, None) => {
            let (id, about) = (format!("mute-{}", member.user.id), about.clone());
            let form = view! {
                <PostForm action=action("mute") test_id="mute-member-form" class="line">
                    <MuteDuration id />
                    <SubmitButton label=Key::MuteInRoom about />
                </PostForm>
            };
            Some(form.into_any())
        }
    };
    view! {
        {mute}
        {member.may_appoint.then(|| button("appoint", Key::MakeModerator, "small"))}
        {member.may_dismiss.then(|| button("dismiss", Key::RemoveModerator, "small"))}
        {member.may_make_owner.then(|| button("own", Key::MakeOwner, "small danger"))}
        {member.may_remove.then(|| button("remove", Key::RemoveMember, "small danger"))}
    }
}
