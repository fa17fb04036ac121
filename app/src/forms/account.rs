//! `/account`: what others see of me, where I am signed in, whom I invite, and the end of it.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{
    ServerRole, User,
    http::{InviteInfo, SessionInfo},
    limits,
};

use super::{
    Frame, SignUp,
    blocks::{Clock, avatar, made_link, problem_at, section, status},
    parts::{self, Field, Problem, id},
};
use crate::{
    colour,
    i18n::{Words, forms::Word as Say},
};

/// What was typed in a form that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed {
    /// The name that others are to see.
    pub display_name: Option<String>,
    /// What an invitation is to be: hours, uses and role.
    pub invite: Option<[String; 3]>,
}

/// Someone's page about themselves.
#[derive(Clone, Debug)]
pub struct Account {
    /// Who.
    pub user: User,
    /// The name that they sign in with; none for a guest.
    pub name: Option<String>,
    /// What they may do on the server.
    pub role: ServerRole,
    /// For a guest, the form to make an account; none where that needs an invitation.
    pub sign_up: Option<SignUp>,
    /// Where they are signed in.
    pub sessions: Vec<SessionInfo>,
    /// The open invitations; none for who may not invite.
    pub invites: Option<Vec<InviteInfo>>,
    /// The link that was just made.
    pub link: Option<String>,
    /// What has come of the last form.
    pub notice: Option<Say>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
    /// What was typed then.
    pub typed: Typed,
    /// How times are told.
    pub clock: Clock,
}

impl Account {
    /// The document.
    #[must_use]
    pub fn page(mut self, frame: Frame) -> String {
        let words = frame.words;
        let role = words.say_with(Say::RoleIs, &[("role", parts::role(words, self.role))]);
        let signs_in = self.name.as_ref().map(|name| words.say_with(Say::SignsInAs, &[("name", name)]));
        let sign_up = self.sign_up.take().map(|form| section(words, Say::SignUp, form.form(words)));
        let about = self.name.is_some().then(|| self.about(words));
        let invites = self.invites.take().map(|invites| section(words, Say::Invites, self.invites(words, invites)));
        let sessions = std::mem::take(&mut self.sessions);
        let sessions = section(words, Say::Sessions, self.sessions(words, sessions));
        let delete = self.name.is_some().then(|| self.delete(words));
        let body = view! {
            <h1>{words.say(Say::Account)}</h1>
            {self.notice.map(|notice| status(words, notice))}
            <div class="about">
                {avatar(self.user.id, &self.user.name, self.user.colour)}
                <div>
                    <p class="about-name" data-testid="my-name">
                        {self.user.name}
                    </p>
                    <p class="soft">{signs_in}</p>
                    <p class="soft">{role}</p>
                </div>
            </div>
            {sign_up}
            {about}
            {sessions}
            {invites}
            {delete}
        };
        frame.document(words.say(Say::Account), body)
    }

    /// What only those have who have an account.
    fn about(&self, words: Words) -> impl IntoView + use<> {
        view! {
            {self.display_name(words)}
            {self.colour(words)}
            {self.password(words)}
        }
    }

    fn display_name(&self, words: Words) -> AnyView {
        let value = self.typed.display_name.clone().unwrap_or_else(|| self.user.name.clone());
        let label = words.say(Say::DisplayName);
        let field = Field::text(id::DISPLAY_NAME, "display_name", label, value, limits::MAX_NAME_CHARS);
        let field = Field { fills: "nickname", ..field };
        view! {
            <form method="post" action="/account/name" data-testid="name-form">
                {field.view(self.problem.as_ref())}
                <button type="submit" class="button">
                    {words.say(Say::Save)}
                </button>
            </form>
        }
        .into_any()
    }

    fn colour(&self, words: Words) -> AnyView {
        let shown = self.user.colour.unwrap_or_else(|| colour::usual(self.user.id));
        view! {
            <form method="post" action="/account/colour" data-testid="colour-form">
                {parts::colour_choice(words, "colour", Say::Colour, shown)}
                {problem_at(self.problem.as_ref(), id::COLOUR)}
                <button type="submit" class="button">
                    {words.say(Say::Save)}
                </button>
            </form>
        }
        .into_any()
    }

    fn password(&self, words: Words) -> AnyView {
        let problem = self.problem.as_ref();
        let current = Field {
            name: "current",
            label: words.say(Say::CurrentPassword),
            help: words.say(Say::ChangeHelp).into(),
            ..Field::password(words, id::CURRENT)
        };
        let new = Field { name: "new", ..Field::new_password(words, id::NEW, Say::NewPassword) };
        let form = view! {
            <form method="post" action="/account/password" data-testid="password-form">
                {parts::known_name(self.name.clone().unwrap_or_default())}
                {current.view(problem)}
                {new.view(problem)}
                <button type="submit" class="button">
                    {words.say(Say::ChangePassword)}
                </button>
            </form>
        };
        section(words, Say::ChangePassword, form)
    }

    fn sessions(&self, words: Words, sessions: Vec<SessionInfo>) -> impl IntoView + use<> {
        let others = sessions.iter().any(|session| !session.current);
        let clock = self.clock;
        let rows = sessions.into_iter().map(move |session| session_row(words, clock, session));
        let end_others = others.then(|| {
            view! {
                <form method="post" action="/account/sessions/end">
                    <button type="submit" class="button" data-testid="end-others">
                        {words.say(Say::EndOthers)}
                    </button>
                </form>
            }
        });
        // With scripts one signs out in the chat, which also forgets what the browser keeps. Without, it keeps nothing.
        view! {
            <ul class="entries">{rows.collect_view()}</ul>
            {end_others}
            <noscript>
                <form method="post" action="/account/sign-out">
                    <button type="submit" class="button">
                        {words.say(Say::SignOut)}
                    </button>
                </form>
            </noscript>
        }
    }

    fn invites(&self, words: Words, invites: Vec<InviteInfo>) -> impl IntoView + use<> {
        let problem = self.problem.as_ref().filter(|problem| problem.at == id::INVITE).map(|it| it.text.clone());
        let usual =
            || [limits::DEFAULT_INVITE_HOURS.to_string(), "1".to_owned(), ServerRole::Member.as_str().to_owned()];
        let [hours, uses, role] = self.typed.invite.clone().unwrap_or_else(usual);
        let times = [(24, Say::Day), (7 * 24, Say::Week), (30 * 24, Say::Month)];
        let times = times.map(|(hours, say)| (hours.to_string(), words.say(say))).into();
        let numbers = [("1", "1"), ("5", "5"), ("25", "25"), ("", words.say(Say::AnyNumber))];
        let numbers = numbers.map(|(value, text)| (value.to_owned(), text)).into();
        let roles = ServerRole::ALL.into_iter().filter(|role| {
            *role <= self.role && matches!(role, ServerRole::Member | ServerRole::Moderator | ServerRole::Admin)
        });
        let roles = roles.map(|role| (role.as_str().to_owned(), parts::role(words, role))).collect();
        let link = self.link.clone().map(|link| made_link(words, "invite-link", link));
        let none = invites.is_empty();
        let clock = self.clock;
        let rows = invites.into_iter().map(move |invite| invite_row(words, clock, &invite));
        view! {
            {link}
            <p class="soft">{words.say(Say::InvitesHelp)}</p>
            <form method="post" action="/account/invites" data-testid="invite-form">
                {parts::choice(id::INVITE, "hours", words.say(Say::ValidFor), times, &hours)}
                {parts::choice("invite-uses", "uses", words.say(Say::HowOften), numbers, &uses)}
                {parts::choice("invite-role", "role", words.say(Say::AsRole), roles, &role)}
                <p class="help">{problem.map(parts::problem_line)}</p>
                <button type="submit" class="button">
                    {words.say(Say::MakeInvite)}
                </button>
            </form>
            {if none {
                Either::Left(view! { <p class="soft">{words.say(Say::NoInvites)}</p> })
            } else {
                Either::Right(view! { <ul class="entries">{rows.collect_view()}</ul> })
            }}
        }
    }

    fn delete(&self, words: Words) -> AnyView {
        let form = view! {
            <p>{words.say(Say::DeleteHelp)}</p>
            <form method="post" action="/account/delete" data-testid="delete-form">
                {parts::known_name(self.name.clone().unwrap_or_default())}
                {Field::password(words, id::DELETE).view(self.problem.as_ref())}
                <button type="submit" class="button danger">
                    {words.say(Say::DeleteButton)}
                </button>
            </form>
        };
        section(words, Say::Delete, form)
    }
}

fn session_row(words: Words, clock: Clock, session: SessionInfo) -> impl IntoView {
    let device = match session.device {
        // The server keeps it in English.
        Some(device) => match device.split_once(" on ") {
            Some((browser, system)) => words.say_with(Say::DeviceOn, &[("browser", browser), ("system", system)]),
            None => device,
        },
        None => words.say(Say::UnknownDevice).to_owned(),
    };
    let from = session.address.map(|address| words.say_with(Say::From, &[("address", &address)]));
    let about = format!("session-{}", session.id);
    let end = if session.current {
        Either::Left(view! { <span class="mine">{words.say(Say::ThisOne)}</span> })
    } else {
        Either::Right(view! {
            <form method="post" action=format!("/account/sessions/{}/end", session.id)>
                <button type="submit" class="button" aria-describedby=about.clone() data-testid="end-session">
                    {words.say(Say::EndSession)}
                </button>
            </form>
        })
    };
    view! {
        <li data-testid="session">
            <div id=about>
                <p>{device}</p>
                <p class="soft">{from}</p>
                <p class="soft">{clock.moment(words, session.seen_at, Say::LastSeen)}</p>
            </div>
            {end}
        </li>
    }
}

fn invite_row(words: Words, clock: Clock, invite: &InviteInfo) -> impl IntoView + use<> {
    let left = invite.uses_left.map_or_else(|| words.say(Say::AnyNumber).to_owned(), |uses| uses.to_string());
    let about = format!("invite-{}", invite.id);
    view! {
        <li data-testid="invite">
            <div id=about.clone()>
                <p>{parts::role(words, invite.role)}</p>
                <p class="soft">{words.say_with(Say::InviteLeft, &[("n", &left)])}</p>
                <p class="soft">{clock.moment(words, invite.expires_at, Say::InviteUntil)}</p>
            </div>
            <form method="post" action=format!("/account/invites/{}/revoke", invite.id)>
                <button type="submit" class="button" aria-describedby=about>
                    {words.say(Say::Revoke)}
                </button>
            </form>
        </li>
    }
}
