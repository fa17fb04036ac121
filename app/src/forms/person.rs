//! `/people/…`: one person, and what the reader may do about them. What would be refused does not show.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{Millis, ServerRole, User, UserKind, limits};

use super::{
    Frame,
    blocks::{Clock, avatar, button, link, made_link, problem_at, section, seen, status},
    parts::{self, Field, Problem, id},
    people::ban_until,
};
use crate::i18n::{Words, forms::Word as Say};

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
    pub notice: Option<Say>,
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
        let words = frame.words;
        let title = self.user.name.clone();
        let message = self.message.then(|| button(self.action("message"), words.say(Say::Message), "primary", "who"));
        let body = view! {
            {self.notice.map(|notice| status(words, notice))}
            <div class="about">
                {avatar(self.user.id, &self.user.name, self.colour)}
                <div id="who">
                    <h1 class="about-name" data-testid="name">
                        {self.user.name.clone()}
                    </h1>
                    <p class="soft">{words.say_with(Say::RoleIs, &[("role", parts::role(words, self.role))])}</p>
                    {seen(words, self.clock, self.online, self.seen_at)}
                </div>
            </div>
            {problem_at(self.problem.as_ref(), id::PERSON)}
            {self.me.then(|| link("/account", "", words.say(Say::Account)))}
            {message}
            {self.change_role(words)}
            {self.mute(words)}
            {self.ban(words)}
            {self.reset(words)}
        };
        frame.document(&title, body)
    }

    fn action(&self, what: &str) -> String {
        format!("/people/{}/{what}", self.user.id)
    }

    fn change_role(&self, words: Words) -> Option<AnyView> {
        let roles = self.roles.iter().map(|role| (role.as_str().to_owned(), parts::role(words, *role))).collect();
        let form = view! {
            <form method="post" action=self.action("role") data-testid="role-form">
                {parts::choice(id::ROLE, "role", words.say(Say::Role), roles, self.role.as_str())}
                {problem_at(self.problem.as_ref(), id::ROLE)}
                <p class="help soft">{words.say(Say::ChangeRoleHelp)}</p>
                <button type="submit" class="button">
                    {words.say(Say::Save)}
                </button>
            </form>
        };
        (!self.roles.is_empty()).then(|| section(words, Say::ChangeRole, form))
    }

    fn mute(&self, words: Words) -> Option<AnyView> {
        let problem = problem_at(self.problem.as_ref(), id::MUTE);
        let body = match self.muted {
            Some(until) => Either::Left(view! {
                <p data-testid="muted">{self.clock.moment(words, until, Say::MutedUntil)}</p>
                {problem}
                {self.moderate.then(|| button(self.action("unmute"), words.say(Say::Unmute), "", "who"))}
            }),
            None => Either::Right(view! {
                <p class="soft">{words.say(Say::MuteServerHelp)}</p>
                <form method="post" action=self.action("mute") data-testid="mute-form">
                    {mute_choice(words, id::MUTE)}
                    {problem}
                    <button type="submit" class="button">
                        {words.say(Say::Mute)}
                    </button>
                </form>
            }),
        };
        (self.moderate || self.muted.is_some()).then(|| section(words, Say::Mute, body))
    }

    fn ban(&self, words: Words) -> Option<AnyView> {
        let body = match &self.ban {
            Some(ban) => Either::Left(view! {
                <div data-testid="banned">
                    <p>{ban_until(words, self.clock, ban.until)}</p>
                    <p>{words.say_with(Say::ReasonIs, &[("reason", &ban.reason)])}</p>
                    <p class="soft">{words.say_with(Say::BannedBy, &[("name", &ban.by)])}</p>
                </div>
                {ban.lift.then(|| button(self.action("lift"), words.say(Say::LiftBan), "", "who"))}
            }),
            None => Either::Right(self.ban_form(words)),
        };
        (self.moderate || self.ban.is_some()).then(|| section(words, Say::Ban, body))
    }

    fn ban_form(&self, words: Words) -> impl IntoView + use<> {
        let times = [(1, Say::Hour), (24, Say::Day), (7 * 24, Say::Week), (30 * 24, Say::Month)];
        let mut times: Vec<_> = times.map(|(hours, say)| (hours.to_string(), words.say(say))).into();
        times.push((String::new(), words.say(Say::ForEver)));
        let TypedBan { reason, hours, address } = self.typed.clone();
        let is_guest = self.user.kind == UserKind::Guest;
        let reason = Field::text(id::REASON, "reason", words.say(Say::Reason), reason, limits::MAX_REASON_CHARS);
        let reason = Field { help: words.say(Say::ReasonHelp).into(), required: true, ..reason };
        view! {
            <p class="soft">{words.say(if is_guest { Say::BanGuestHelp } else { Say::BanHelp })}</p>
            <form method="post" action=self.action("ban") data-testid="ban-form">
                {reason.view(self.problem.as_ref())}
                {parts::choice("ban-hours", "hours", words.say(Say::BanFor), times, &hours)}
                <label class="check">
                    <input type="checkbox" name="address" value="1" checked=address />
                    {words.say(Say::BanAddress)}
                </label>
                <button type="submit" class="button danger">
                    {words.say(Say::Ban)}
                </button>
            </form>
        }
    }

    fn reset(&self, words: Words) -> Option<AnyView> {
        let link = self.link.clone().map(|link| made_link(words, "reset-link", link));
        let body = view! {
            {link}
            <p class="soft">{words.say(Say::ResetHelp)}</p>
            {button(self.action("reset"), words.say(Say::MakeReset), "", "who")}
        };
        self.reset.then(|| section(words, Say::ResetPassword, body))
    }
}

/// For how long someone is muted.
pub(super) fn mute_choice(words: Words, id: impl Into<String>) -> AnyView {
    const HOUR: u32 = 60;
    const DAY: u32 = 24 * HOUR;
    let times = [
        (10, Say::TenMinutes),
        (HOUR, Say::Hour),
        (8 * HOUR, Say::EightHours),
        (DAY, Say::Day),
        (7 * DAY, Say::Week),
        (30 * DAY, Say::Month),
    ];
    let times = times.map(|(minutes, say)| (minutes.to_string(), words.say(say))).into();
    parts::choice(id, "minutes", words.say(Say::MuteFor), times, "60")
}
