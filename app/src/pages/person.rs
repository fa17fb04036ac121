//! `/people/…`: one person, and what the reader may do about them. Nothing is offered that would be rejected.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{Millis, ServerRole, User, UserId, UserKind, limits};

use super::{
    elements::{ActionButton, Avatar, LastSeen, Link, Section, Time, role_name},
    fields::{Select, SubmitButton, TextField, number_options},
    form::{CreatedLink, FieldError, PageNotice, PostForm, typed_value},
    people::BanEnd,
};
use crate::i18n::{I18n, Key};

/// A ban in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanDetails {
    pub until: Option<Millis>,
    pub reason: String,
    /// The name of who imposed it.
    pub made_by: String,
    pub may_lift: bool,
}

/// A person, and what the reader may do about them.
#[derive(Clone, Debug)]
pub struct PersonDetails {
    pub user: User,
    pub role: ServerRole,
    /// The colour that they chose.
    pub colour: Option<u8>,
    pub online: bool,
    pub seen_at: Option<Millis>,
    /// The person is the reader.
    pub is_me: bool,
    pub may_message: bool,
    /// The roles that the reader may give them.
    pub roles: Vec<ServerRole>,
    /// Whether the reader may mute and ban them.
    pub may_moderate: bool,
    pub may_end_sessions: bool,
    pub may_reset_password: bool,
    /// The end of a server-wide mute, for moderators.
    pub muted_until: Option<Millis>,
    /// The ban in force, for moderators.
    pub ban: Option<BanDetails>,
}

fn action(user: UserId, what: &str) -> String {
    format!("/people/{user}/{what}")
}

#[component]
pub fn PersonPage(person: PersonDetails) -> impl IntoView {
    let i18n = I18n::current();
    let PersonDetails { user, role, roles, muted_until, ban, may_moderate, .. } = person;
    let User { id, name, kind, .. } = user;
    let change_role = (!roles.is_empty()).then(|| view! { <ChangeRole user=id role roles /> });
    let mute = (may_moderate || muted_until.is_some()).then(|| view! { <Mute user=id muted_until may_moderate /> });
    let ban = (may_moderate || ban.is_some()).then(|| view! { <Ban user=id kind ban /> });
    view! {
        <PageNotice />
        <div class="about">
            <Avatar user=id name=name.clone() colour=person.colour />
            <div id="who">
                <h1 class="about-name" data-testid="name">
                    {name}
                </h1>
                <p class="soft">{i18n.format(Key::RoleValue, &[("role", role_name(role))])}</p>
                <LastSeen online=person.online seen_at=person.seen_at />
            </div>
        </div>
        {person.is_me.then(|| view! { <Link href="/account" label=Key::Account /> })}
        {person
            .may_message
            .then(|| {
                view! { <ActionButton action=action(id, "message") label=Key::SendMessage class="primary" about="who" /> }
            })}
        {change_role}
        {mute}
        {ban}
        {person.may_end_sessions.then(|| view! { <EndSessions user=id /> })}
        {person.may_reset_password.then(|| view! { <ResetPassword user=id /> })}
    }
}

#[component]
fn ChangeRole(user: UserId, role: ServerRole, roles: Vec<ServerRole>) -> impl IntoView {
    let options = roles.into_iter().map(|role| (role.as_str().to_owned(), role_name(role))).collect();
    view! {
        <Section title=Key::ChangeRole>
            <PostForm action=action(user, "role") test_id="role-form">
                <Select id="role" name="role" label=Key::Role options value=role.as_str() />
                <FieldError name="role" />
                <p class="help soft">{I18n::current().t(Key::ChangeRoleHelp)}</p>
                <SubmitButton label=Key::Save />
            </PostForm>
        </Section>
    }
}

#[component]
fn Mute(user: UserId, muted_until: Option<Millis>, may_moderate: bool) -> impl IntoView {
    let body = match muted_until {
        Some(at) => Either::Left(view! {
            <p data-testid="muted">
                <Time at text=Key::MutedUntil />
            </p>
            {may_moderate
                .then(|| view! { <ActionButton action=action(user, "unmute") label=Key::Unmute about="who" /> })}
        }),
        None => Either::Right(view! {
            <p class="soft">{I18n::current().t(Key::MuteEverywhereHelp)}</p>
            <PostForm action=action(user, "mute") test_id="mute-form">
                <MuteDuration id="mute-minutes" />
                <FieldError name="minutes" />
                <SubmitButton label=Key::Mute />
            </PostForm>
        }),
    };
    view! { <Section title=Key::Mute>{body}</Section> }
}

#[component]
fn Ban(user: UserId, kind: UserKind, ban: Option<BanDetails>) -> impl IntoView {
    let i18n = I18n::current();
    let body = match ban {
        Some(ban) => Either::Left(view! {
            <div data-testid="banned">
                <p>
                    <BanEnd until=ban.until />
                </p>
                <p>{i18n.format(Key::ReasonValue, &[("reason", &ban.reason)])}</p>
                <p class="soft">{i18n.format(Key::BannedBy, &[("name", &ban.made_by)])}</p>
            </div>
            {ban
                .may_lift
                .then(|| view! { <ActionButton action=action(user, "lift") label=Key::Unban about="who" /> })}
        }),
        None => Either::Right(view! {
            <p class="soft">{i18n.t(if kind == UserKind::Guest { Key::BanGuestHelp } else { Key::BanHelp })}</p>
            <PostForm action=action(user, "ban") test_id="ban-form">
                <BanFields />
                <SubmitButton label=Key::Ban class="danger" />
            </PostForm>
        }),
    };
    view! { <Section title=Key::Ban>{body}</Section> }
}

#[component]
fn BanFields() -> impl IntoView {
    let i18n = I18n::current();
    let mut durations =
        number_options([(1, Key::OneHour), (24, Key::OneDay), (7 * 24, Key::OneWeek), (30 * 24, Key::ThirtyDays)]);
    durations.push((String::new(), i18n.t(Key::Permanently)));
    view! {
        <TextField
            id="reason"
            name="reason"
            label=Key::Reason
            help=i18n.t(Key::BanReasonHelp)
            required=true
            max_length=limits::MAX_REASON_CHARS
        />
        <Select id="ban-hours" name="hours" label=Key::BanDuration options=durations value="" />
        <label class="check">
            <input
                type="checkbox"
                name="address"
                value="1"
                checked=typed_value("address").is_some_and(|value| !value.is_empty())
            />
            {i18n.t(Key::BanAddress)}
        </label>
    }
}

#[component]
fn EndSessions(user: UserId) -> impl IntoView {
    view! {
        <Section title=Key::EndSessions>
            <p class="soft">{I18n::current().t(Key::EndSessionsHelp)}</p>
            <ActionButton action=action(user, "sessions/end") label=Key::EndSessions class="danger" about="who" />
        </Section>
    }
}

#[component]
fn ResetPassword(user: UserId) -> impl IntoView {
    view! {
        <Section title=Key::ResetPassword>
            <CreatedLink id="reset-link" />
            <p class="soft">{I18n::current().t(Key::ResetLinkHelp)}</p>
            <ActionButton action=action(user, "reset") label=Key::CreateResetLink about="who" />
        </Section>
    }
}

/// For how long someone is muted.
#[component]
pub(super) fn MuteDuration(#[prop(into)] id: String) -> impl IntoView {
    const HOUR: u32 = 60;
    const DAY: u32 = 24 * HOUR;
    let options = number_options([
        (10, Key::TenMinutes),
        (HOUR, Key::OneHour),
        (8 * HOUR, Key::EightHours),
        (DAY, Key::OneDay),
        (7 * DAY, Key::OneWeek),
        (30 * DAY, Key::ThirtyDays),
    ]);
    view! { <Select id name="minutes" label=Key::MuteDuration options value=HOUR.to_string() /> }
}
