//! `/people/…`: one person, and what the reader may do about them. What would be refused does not show.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{Millis, ServerRole, User, UserKind, limits};

use super::{
    Frame,
    blocks::{Clock, avatar, button, link, made_link, problem_at, section, seen, status},
    parts::{self, Field, Problem, id},
    people::ban_until,
};
use crate::i18n::{I18n, Key};

/// What was typed in a ban that was refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypedBan {
    /// Why.
    pub reason: String,
    /// For how many hours.
    pub hours: String,
    /// With the address.
    pub address: bool,
}

/// A ban as its page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanInForce {
    /// When it ends by itself; none for never.
    pub until: Option<Millis>,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub by: String,
    /// Whether the reader may lift it.
    pub lift: bool,
}

/// A person, and what the reader may do.
#[derive(Clone, Debug)]
pub struct PersonPage {
    /// Who.
    pub user: User,
    /// What they may do on the server.
    pub role: ServerRole,
    /// The colour that they chose.
    pub colour: Option<u8>,
    /// They are connected.
    pub online: bool,
    /// When they were last; none while they are, or when they never were.
    pub seen_at: Option<Millis>,
    /// It is the reader.
    pub me: bool,
    /// Whether the reader may write to them.
    pub message: bool,
    /// The roles that the reader may give them; empty for none.
    pub roles: Vec<ServerRole>,
    /// Whether the reader may mute and ban them.
    pub moderate: bool,
    /// Whether the reader may make them a link for a new password.
    pub reset: bool,
    /// Until when they are muted, for those who moderate.
    pub muted: Option<Millis>,
    /// The ban in force, for those who moderate.
    pub ban: Option<BanInForce>,
    /// The link that was just made.
    pub link: Option<String>,
    /// What has come of the last form.
    pub notice: Option<Key>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
    /// What was typed then.
    pub typed: TypedBan,
    /// How times are told.
    pub clock: Clock,
}

impl PersonPage {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let i18n = frame.i18n;
        let title = self.user.name.clone();
        let message = self.message.then(|| button(self.action("message"), i18n.t(Key::SendMessage), "primary", "who"));
        let body = view! {
            {self.notice.map(|notice| status(i18n, notice))}
            <div class="about">
                {avatar(self.user.id, &self.user.name, self.colour)}
                <div id="who">
                    <h1 class="about-name" data-testid="name">
                        {self.user.name.clone()}
                    </h1>
                    <p class="soft">{i18n.format(Key::RoleValue, &[("role", parts::role(i18n, self.role))])}</p>
                    {seen(i18n, self.clock, self.online, self.seen_at)}
                </div>
            </div>
            {problem_at(self.problem.as_ref(), id::PERSON)}
            {self.me.then(|| link("/account", "", i18n.t(Key::Account)))}
            {message}
            {self.change_role(i18n)}
            {self.mute(i18n)}
            {self.ban(i18n)}
            {self.reset(i18n)}
        };
        frame.document(&title, body)
    }

    fn action(&self, what: &str) -> String {
        format!("/people/{}/{what}", self.user.id)
    }

    fn change_role(&self, i18n: I18n) -> Option<AnyView> {
        let roles = self.roles.iter().map(|role| (role.as_str().to_owned(), parts::role(i18n, *role))).collect();
        let form = view! {
            <form method="post" action=self.action("role") data-testid="role-form">
                {parts::choice(id::ROLE, "role", i18n.t(Key::Role), roles, self.role.as_str())}
                {problem_at(self.problem.as_ref(), id::ROLE)}
                <p class="help soft">{i18n.t(Key::ChangeRoleHelp)}</p>
                <button type="submit" class="button">
                    {i18n.t(Key::Save)}
                </button>
            </form>
        };
        (!self.roles.is_empty()).then(|| section(i18n, Key::ChangeRole, form))
    }

    fn mute(&self, i18n: I18n) -> Option<AnyView> {
        let problem = problem_at(self.problem.as_ref(), id::MUTE);
        let body = match self.muted {
            Some(until) => Either::Left(view! {
                <p data-testid="muted">{self.clock.moment(i18n, until, Key::MutedUntil)}</p>
                {problem}
                {self.moderate.then(|| button(self.action("unmute"), i18n.t(Key::Unmute), "", "who"))}
            }),
            None => Either::Right(view! {
                <p class="soft">{i18n.t(Key::MuteEverywhereHelp)}</p>
                <form method="post" action=self.action("mute") data-testid="mute-form">
                    {mute_choice(i18n, id::MUTE)}
                    {problem}
                    <button type="submit" class="button">
                        {i18n.t(Key::Mute)}
                    </button>
                </form>
            }),
        };
        (self.moderate || self.muted.is_some()).then(|| section(i18n, Key::Mute, body))
    }

    fn ban(&self, i18n: I18n) -> Option<AnyView> {
        let body = match &self.ban {
            Some(ban) => Either::Left(view! {
                <div data-testid="banned">
                    <p>{ban_until(i18n, self.clock, ban.until)}</p>
                    <p>{i18n.format(Key::ReasonValue, &[("reason", &ban.reason)])}</p>
                    <p class="soft">{i18n.format(Key::BannedBy, &[("name", &ban.by)])}</p>
                </div>
                {ban.lift.then(|| button(self.action("lift"), i18n.t(Key::Unban), "", "who"))}
            }),
            None => Either::Right(self.ban_form(i18n)),
        };
        (self.moderate || self.ban.is_some()).then(|| section(i18n, Key::Ban, body))
    }

    fn ban_form(&self, i18n: I18n) -> impl IntoView + use<> {
        let times = [(1, Key::OneHour), (24, Key::OneDay), (7 * 24, Key::OneWeek), (30 * 24, Key::ThirtyDays)];
        let mut times: Vec<_> = times.map(|(hours, say)| (hours.to_string(), i18n.t(say))).into();
        times.push((String::new(), i18n.t(Key::Permanently)));
        let TypedBan { reason, hours, address } = self.typed.clone();
        let is_guest = self.user.kind == UserKind::Guest;
        let reason = Field::text(id::REASON, "reason", i18n.t(Key::Reason), reason, limits::MAX_REASON_CHARS);
        let reason = Field { help: i18n.t(Key::BanReasonHelp).into(), required: true, ..reason };
        view! {
            <p class="soft">{i18n.t(if is_guest { Key::BanGuestHelp } else { Key::BanHelp })}</p>
            <form method="post" action=self.action("ban") data-testid="ban-form">
                {reason.view(self.problem.as_ref())}
                {parts::choice("ban-hours", "hours", i18n.t(Key::BanDuration), times, &hours)}
                <label class="check">
                    <input type="checkbox" name="address" value="1" checked=address />
                    {i18n.t(Key::BanAddress)}
                </label>
                <button type="submit" class="button danger">
                    {i18n.t(Key::Ban)}
                </button>
            </form>
        }
    }

    fn reset(&self, i18n: I18n) -> Option<AnyView> {
        let link = self.link.clone().map(|link| made_link(i18n, "reset-link", link));
        let body = view! {
            {link}
            <p class="soft">{i18n.t(Key::ResetLinkHelp)}</p>
            {button(self.action("reset"), i18n.t(Key::CreateResetLink), "", "who")}
        };
        self.reset.then(|| section(i18n, Key::ResetPassword, body))
    }
}

/// For how long someone is muted.
pub(super) fn mute_choice(i18n: I18n, id: impl Into<String>) -> AnyView {
    const HOUR: u32 = 60;
    const DAY: u32 = 24 * HOUR;
    let times = [
        (10, Key::TenMinutes),
        (HOUR, Key::OneHour),
        (8 * HOUR, Key::EightHours),
        (DAY, Key::OneDay),
        (7 * DAY, Key::OneWeek),
        (30 * DAY, Key::ThirtyDays),
    ];
    let times = times.map(|(minutes, say)| (minutes.to_string(), i18n.t(say))).into();
    parts::choice(id, "minutes", i18n.t(Key::MuteDuration), times, "60")
}
