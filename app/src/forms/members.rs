//! Who is in a room, and what the reader may do about each of them there.

use leptos::prelude::*;
use parlor_protocol::{Millis, RoomId, User, UserKind, limits};

use super::{
    blocks::{Clock, avatar, button, section, seen},
    parts::{Field, Problem, id},
    people::paging,
    person::mute_choice,
};
use crate::i18n::{Words, forms::Word as Say};

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
        words: Words,
        clock: Clock,
        room: &RoomId,
        problem: Option<&Problem>,
        typed: String,
    ) -> AnyView {
        let bring_in = self.invite.then(|| bring_in(words, room, problem, typed, self.proposals));
        let shown = self.rows.len();
        let range = [self.before + 1, self.before + shown].map(|n| n.to_string());
        let values = [("from", range[0].as_str()), ("to", &range[1]), ("n", &self.count.to_string())];
        let range = (self.next.is_some() || self.before > 0).then(|| words.say_with(Say::MembersLeft, &values));
        let page = |from: usize, say: Say| (format!("/rooms/{room}/settings?from={from}"), say);
        let pages =
            [(self.before > 0).then(|| page(0, Say::FirstPage)), self.next.map(|next| page(next, Say::NextPage))];
        let rows: Vec<_> = self.rows.iter().map(|row| member_row(words, clock, room, row)).collect();
        let body = view! {
            {bring_in}
            {range.map(|range| view! { <p class="soft">{range}</p> })}
            <ul class="entries">{rows}</ul>
            {paging(words, pages)}
        };
        section(words, Say::Members, body)
    }
}

fn bring_in(words: Words, room: &RoomId, problem: Option<&Problem>, typed: String, proposals: Vec<String>) -> AnyView {
    const PROPOSALS: &str = "people";
    let field = Field::text(id::BRING_IN, "name", words.say(Say::BringIn), typed, limits::MAX_NAME_CHARS);
    let field = Field { help: words.say(Say::BringInHelp).into(), list: Some(PROPOSALS), ..field };
    let proposals = proposals.into_iter().map(|name| view! { <option value=name></option> });
    view! {
        <form method="post" action=format!("/rooms/{room}/members") class="line" data-testid="bring-in-form">
            {field.view(problem)}
            <button type="submit" class="button">
                {words.say(Say::BringInButton)}
            </button>
            <datalist id=PROPOSALS>{proposals.collect_view()}</datalist>
        </form>
    }
    .into_any()
}

fn member_row(words: Words, clock: Clock, room: &RoomId, row: &MemberRow) -> AnyView {
    let User { id: user, name, .. } = row.user.clone();
    let is_guest = row.user.kind == UserKind::Guest;
    let about = format!("member-{user}");
    let shown = if row.has_page {
        view! { <a href=format!("/people/{user}")>{name.clone()}</a> }.into_any()
    } else {
        name.clone().into_any()
    };
    let manage = (row.remove || row.appoint || row.mute).then(|| {
        let label = words.say_with(Say::ManageWho, &[("name", &name)]);
        view! {
            <details class="manage" data-testid="manage">
                <summary class="button small" aria-label=label>
                    {words.say(Say::Manage)}
                </summary>
                <div class="panel">{acts(words, room, row, &about)}</div>
            </details>
        }
    });
    view! {
        <li data-testid="member">
            {avatar(user, &name, row.user.colour)}
            <div id=about class="who">
                <p class="about-name">
                    {shown}
                    {row.me.then(|| view! { <span class="mine">{words.say(Say::You)}</span> })}
                </p>
                {is_guest.then(|| view! { <p class="soft">{words.say(Say::Guest)}</p> })}
                {seen(words, clock, row.online, row.seen_at)}
                {row.moderator.then(|| view! { <p class="soft">{words.say(Say::LooksAfter)}</p> })}
                {row
                    .muted
                    .map(|until| {
                        view! { <p class="warned">{clock.moment(words, until, Say::MutedUntil)}</p> }
                    })}
            </div>
            {manage}
        </li>
    }
    .into_any()
}

/// The forms for one member.
fn acts(words: Words, room: &RoomId, row: &MemberRow, about: &str) -> AnyView {
    let user = row.user.id;
    let action = |what: &str| format!("/rooms/{room}/members/{user}/{what}");
    let (what, label) = if row.moderator { ("dismiss", Say::Dismiss) } else { ("appoint", Say::Appoint) };
    let appoint = row.appoint.then(|| button(action(what), words.say(label), "small", about));
    let mute = row.mute.then(|| {
        if row.muted.is_some() {
            return button(action("unmute"), words.say(Say::Unmute), "small", about);
        }
        view! {
            <form method="post" action=action("mute") class="line">
                {mute_choice(words, format!("mute-{user}"))}
                <button type="submit" class="button" aria-describedby=about.to_owned()>
                    {words.say(Say::MuteInRoom)}
                </button>
            </form>
        }
        .into_any()
    });
    let remove = row.remove.then(|| button(action("remove"), words.say(Say::Remove), "small danger", about));
    view! {
        {mute}
        {appoint}
        {remove}
    }
    .into_any()
}
