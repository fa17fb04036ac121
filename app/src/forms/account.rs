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
    i18n::{I18n, Key},
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
    pub notice: Option<Key>,
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
        let i18n = frame.i18n;
        let role = i18n.format(Key::RoleValue, &[("role", parts::role(i18n, self.role))]);
        let signs_in = self.name.as_ref().map(|name| i18n.format(Key::SignInName, &[("name", name)]));
        let sign_up = self.sign_up.take().map(|form| section(i18n, Key::CreateAccount, form.form(i18n)));
        let about = self.name.is_some().then(|| self.about(i18n));
        let invites = self.invites.take().map(|invites| section(i18n, Key::Invitations, self.invites(i18n, invites)));
        let sessions = std::mem::take(&mut self.sessions);
        let sessions = section(i18n, Key::Sessions, self.sessions(i18n, sessions));
        let delete = self.name.is_some().then(|| self.delete(i18n));
        let body = view! {
            <h1>{i18n.t(Key::Account)}</h1>
            {self.notice.map(|notice| status(i18n, notice))}
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
        frame.document(i18n.t(Key::Account), body)
    }

    /// What only those have who have an account.
    fn about(&self, i18n: I18n) -> impl IntoView + use<> {
        view! {
            {self.display_name(i18n)}
            {self.colour(i18n)}
            {self.password(i18n)}
        }
    }

    fn display_name(&self, i18n: I18n) -> AnyView {
        let value = self.typed.display_name.clone().unwrap_or_else(|| self.user.name.clone());
        let label = i18n.t(Key::DisplayName);
        let field = Field::text(id::DISPLAY_NAME, "display_name", label, value, limits::MAX_NAME_CHARS);
        let field = Field { fills: "nickname", ..field };
        view! {
            <form method="post" action="/account/name" data-testid="name-form">
                {field.view(self.problem.as_ref())}
                <button type="submit" class="button">
                    {i18n.t(Key::Save)}
                </button>
            </form>
        }
        .into_any()
    }

    fn colour(&self, i18n: I18n) -> AnyView {
        let shown = self.user.colour.unwrap_or_else(|| colour::default_colour(self.user.id));
        view! {
            <form method="post" action="/account/colour" data-testid="colour-form">
                {parts::colour_choice(i18n, "colour", Key::NameColour, shown)}
                {problem_at(self.problem.as_ref(), id::COLOUR)}
                <button type="submit" class="button">
                    {i18n.t(Key::Save)}
                </button>
            </form>
        }
        .into_any()
    }

    fn password(&self, i18n: I18n) -> AnyView {
        let problem = self.problem.as_ref();
        let current = Field {
            name: "current",
            label: i18n.t(Key::CurrentPassword),
            help: i18n.t(Key::ChangePasswordHelp).into(),
            ..Field::password(i18n, id::CURRENT)
        };
        let new = Field { name: "new", ..Field::new_password(i18n, id::NEW, Key::NewPassword) };
        let form = view! {
            <form method="post" action="/account/password" data-testid="password-form">
                {parts::known_name(self.name.clone().unwrap_or_default())}
                {current.view(problem)}
                {new.view(problem)}
                <button type="submit" class="button">
                    {i18n.t(Key::ChangePassword)}
                </button>
            </form>
        };
        section(i18n, Key::ChangePassword, form)
    }

    fn sessions(&self, i18n: I18n, sessions: Vec<SessionInfo>) -> impl IntoView + use<> {
        let others = sessions.iter().any(|session| !session.current);
        let clock = self.clock;
        let rows = sessions.into_iter().map(move |session| session_row(i18n, clock, session));
        let end_others = others.then(|| {
            view! {
                <form method="post" action="/account/sessions/end">
                    <button type="submit" class="button" data-testid="end-others">
                        {i18n.t(Key::RevokeOtherSessions)}
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
                        {i18n.t(Key::SignOut)}
                    </button>
                </form>
            </noscript>
        }
    }

    fn invites(&self, i18n: I18n, invites: Vec<InviteInfo>) -> impl IntoView + use<> {
        let problem = self.problem.as_ref().filter(|problem| problem.at == id::INVITE).map(|it| it.text.clone());
        let usual =
            || [limits::DEFAULT_INVITE_HOURS.to_string(), "1".to_owned(), ServerRole::Member.as_str().to_owned()];
        let [hours, uses, role] = self.typed.invite.clone().unwrap_or_else(usual);
        let times = [(24, Key::OneDay), (7 * 24, Key::OneWeek), (30 * 24, Key::ThirtyDays)];
        let times = times.map(|(hours, say)| (hours.to_string(), i18n.t(say))).into();
        let numbers = [("1", "1"), ("5", "5"), ("25", "25"), ("", i18n.t(Key::Unlimited))];
        let numbers = numbers.map(|(value, text)| (value.to_owned(), text)).into();
        let roles = ServerRole::ALL.into_iter().filter(|role| {
            *role <= self.role && matches!(role, ServerRole::Member | ServerRole::Moderator | ServerRole::Admin)
        });
        let roles = roles.map(|role| (role.as_str().to_owned(), parts::role(i18n, role))).collect();
        let link = self.link.clone().map(|link| made_link(i18n, "invite-link", link));
        let none = invites.is_empty();
        let clock = self.clock;
        let rows = invites.into_iter().map(move |invite| invite_row(i18n, clock, &invite));
        view! {
            {link}
            <p class="soft">{i18n.t(Key::InvitationsHelp)}</p>
            <form method="post" action="/account/invites" data-testid="invite-form">
                {parts::choice(id::INVITE, "hours", i18n.t(Key::ExpiresAfter), times, &hours)}
                {parts::choice("invite-uses", "uses", i18n.t(Key::MaxUses), numbers, &uses)}
                {parts::choice("invite-role", "role", i18n.t(Key::InvitationRole), roles, &role)}
                <p class="help">{problem.map(parts::problem_line)}</p>
                <button type="submit" class="button">
                    {i18n.t(Key::CreateInviteLink)}
                </button>
            </form>
            {if none {
                Either::Left(view! { <p class="soft">{i18n.t(Key::NoInvitations)}</p> })
            } else {
                Either::Right(view! { <ul class="entries">{rows.collect_view()}</ul> })
            }}
        }
    }

    fn delete(&self, i18n: I18n) -> AnyView {
        let form = view! {
            <p>{i18n.t(Key::DeleteAccountHelp)}</p>
            <form method="post" action="/account/delete" data-testid="delete-form">
                {parts::known_name(self.name.clone().unwrap_or_default())}
                {Field::password(i18n, id::DELETE).view(self.problem.as_ref())}
                <button type="submit" class="button danger">
                    {i18n.t(Key::DeleteAccountButton)}
                </button>
            </form>
        };
        section(i18n, Key::DeleteAccount, form)
    }
}

fn session_row(i18n: I18n, clock: Clock, session: SessionInfo) -> impl IntoView {
    let device = match session.device {
        // The server keeps it in English.
        Some(device) => match device.split_once(" on ") {
            Some((browser, system)) => i18n.format(Key::BrowserOnSystem, &[("browser", browser), ("system", system)]),
            None => device,
        },
        None => i18n.t(Key::UnknownDevice).to_owned(),
    };
    let from = session.address.map(|address| i18n.format(Key::SessionAddress, &[("address", &address)]));
    let about = format!("session-{}", session.id);
    let end = if session.current {
        Either::Left(view! { <span class="mine">{i18n.t(Key::CurrentSession)}</span> })
    } else {
        Either::Right(view! {
            <form method="post" action=format!("/account/sessions/{}/end", session.id)>
                <button type="submit" class="button" aria-describedby=about.clone() data-testid="end-session">
                    {i18n.t(Key::RevokeSession)}
                </button>
            </form>
        })
    };
    view! {
        <li data-testid="session">
            <div id=about>
                <p>{device}</p>
                <p class="soft">{from}</p>
                <p class="soft">{clock.moment(i18n, session.seen_at, Key::SessionLastUsed)}</p>
            </div>
            {end}
        </li>
    }
}

fn invite_row(i18n: I18n, clock: Clock, invite: &InviteInfo) -> impl IntoView + use<> {
    let left = invite.uses_left.map_or_else(|| i18n.t(Key::Unlimited).to_owned(), |uses| uses.to_string());
    let about = format!("invite-{}", invite.id);
    view! {
        <li data-testid="invite">
            <div id=about.clone()>
                <p>{parts::role(i18n, invite.role)}</p>
                <p class="soft">{i18n.format(Key::UsesLeft, &[("n", &left)])}</p>
                <p class="soft">{clock.moment(i18n, invite.expires_at, Key::ExpiresAt)}</p>
            </div>
            <form method="post" action=format!("/account/invites/{}/revoke", invite.id)>
                <button type="submit" class="button" aria-describedby=about>
                    {i18n.t(Key::Revoke)}
                </button>
            </form>
        </li>
    }
}
