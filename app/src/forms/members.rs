//! Who is in a room, and what the reader may do about each of them there.

use leptos::prelude::*;
use parlor_protocol::{Millis, RoomId, User, UserKind, limits};

use super::{
    blocks::{Clock, avatar, button, section, seen},
    parts::{Field, Problem, id},
    people::paging,
    person::mute_choice,
};
use crate::i18n::{I18n, Key};

/// Someone who is in a room.
#[derive(Clone, Debug)]
pub struct MemberRow {
    /// Who.
    pub user: User,
    /// Looks after the room.
    pub moderator: bool,
    /// It is the reader.
    pub me: bool,
    /// Whether they have a page that the reader may see.
    pub has_page: bool,
    /// They are connected, for those who may know.
    pub online: bool,
    /// When they were last, for those who may know.
    pub seen_at: Option<Millis>,
    /// Until when they may not write here, for those who moderate.
    pub muted: Option<Millis>,
    /// Whether the reader may send them away.
    pub remove: bool,
    /// Whether the reader may say who looks after the room.
    pub appoint: bool,
    /// Whether the reader may mute them here, and end that.
    pub mute: bool,
}

/// Those who are in a room.
#[derive(Clone, Debug, Default)]
pub struct Members {
    /// A page of them, by name.
    pub rows: Vec<MemberRow>,
    /// How many there are.
    pub count: u64,
    /// How many come before this page.
    pub before: usize,
    /// How many the list begins its next page with; none on the last.
    pub next: Option<usize>,
    /// Whether the reader may bring someone in.
    pub invite: bool,
    /// Who could be.
    pub proposals: Vec<String>,
}

impl Members {
    /// The part of the page about them. `typed`: who was to be brought in when that failed.
    pub(super) fn view(
        self,
        i18n: I18n,
        clock: Clock,
        room: &RoomId,
        problem: Option<&Problem>,
        typed: String,
    ) -> AnyView {
        let bring_in = self.invite.then(|| bring_in(i18n, room, problem, typed, self.proposals));
        let shown = self.rows.len();
        let range = [self.before + 1, self.before + shown].map(|n| n.to_string());
        let values = [("from", range[0].as_str()), ("to", &range[1]), ("n", &self.count.to_string())];
        let range = (self.next.is_some() || self.before > 0).then(|| i18n.format(Key::MemberRange, &values));
        let page = |from: usize, say: Key| (format!("/rooms/{room}/settings?from={from}"), say);
        let pages =
            [(self.before > 0).then(|| page(0, Key::FirstPage)), self.next.map(|next| page(next, Key::NextPage))];
        let rows: Vec<_> = self.rows.iter().map(|row| member_row(i18n, clock, room, row)).collect();
        let body = view! {
            {bring_in}
            {range.map(|range| view! { <p class="soft">{range}</p> })}
            <ul class="entries">{rows}</ul>
            {paging(i18n, pages)}
        };
        section(i18n, Key::Members, body)
    }
}

fn bring_in(i18n: I18n, room: &RoomId, problem: Option<&Problem>, typed: String, proposals: Vec<String>) -> AnyView {
    const PROPOSALS: &str = "people";
    let field = Field::text(id::BRING_IN, "name", i18n.t(Key::AddMember), typed, limits::MAX_NAME_CHARS);
    let field = Field { help: i18n.t(Key::AddMemberHelp).into(), list: Some(PROPOSALS), ..field };
    let proposals = proposals.into_iter().map(|name| view! { <option value=name></option> });
    view! {
        <form method="post" action=format!("/rooms/{room}/members") class="line" data-testid="bring-in-form">
            {field.view(problem)}
            <button type="submit" class="button">
                {i18n.t(Key::AddMemberButton)}
            </button>
            <datalist id=PROPOSALS>{proposals.collect_view()}</datalist>
        </form>
    }
    .into_any()
}

fn member_row(i18n: I18n, clock: Clock, room: &RoomId, row: &MemberRow) -> AnyView {
    let User { id: user, name, .. } = row.user.clone();
    let is_guest = row.user.kind == UserKind::Guest;
    let about = format!("member-{user}");
    let shown = if row.has_page {
        view! { <a href=format!("/people/{user}")>{name.clone()}</a> }.into_any()
    } else {
        name.clone().into_any()
    };
    let manage = (row.remove || row.appoint || row.mute).then(|| {
        let label = i18n.format(Key::ManagePerson, &[("name", &name)]);
        view! {
            <details class="manage" data-testid="manage">
                <summary class="button small" aria-label=label>
                    {i18n.t(Key::Manage)}
                </summary>
                <div class="panel">{acts(i18n, room, row, &about)}</div>
            </details>
        }
    });
    view! {
        <li data-testid="member">
            {avatar(user, &name, row.user.colour)}
            <div id=about class="who">
                <p class="about-name">
                    {shown}
                    {row.me.then(|| view! { <span class="mine">{i18n.t(Key::You)}</span> })}
                </p>
                {is_guest.then(|| view! { <p class="soft">{i18n.t(Key::RoleGuest)}</p> })}
                {seen(i18n, clock, row.online, row.seen_at)}
                {row.moderator.then(|| view! { <p class="soft">{i18n.t(Key::RoomModerator)}</p> })}
                {row
                    .muted
                    .map(|until| {
                        view! { <p class="warned">{clock.moment(i18n, until, Key::MutedUntil)}</p> }
                    })}
            </div>
            {manage}
        </li>
    }
    .into_any()
}

/// The forms for one member.
fn acts(i18n: I18n, room: &RoomId, row: &MemberRow, about: &str) -> AnyView {
    let user = row.user.id;
    let action = |what: &str| format!("/rooms/{room}/members/{user}/{what}");
    let (what, label) = if row.moderator { ("dismiss", Key::RemoveModerator) } else { ("appoint", Key::MakeModerator) };
    let appoint = row.appoint.then(|| button(action(what), i18n.t(label), "small", about));
    let mute = row.mute.then(|| {
        if row.muted.is_some() {
            return button(action("unmute"), i18n.t(Key::Unmute), "small", about);
        }
        view! {
            <form method="post" action=action("mute") class="line">
                {mute_choice(i18n, format!("mute-{user}"))}
                <button type="submit" class="button" aria-describedby=about.to_owned()>
                    {i18n.t(Key::MuteInRoom)}
                </button>
            </form>
        }
        .into_any()
    });
    let remove = row.remove.then(|| button(action("remove"), i18n.t(Key::RemoveMember), "small danger", about));
    view! {
        {mute}
        {appoint}
        {remove}
    }
    .into_any()
}
