//! Coming in: with an account, with a new one, by an invitation, with a forgotten password.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{ServerRole, http::Secret};

use super::{
    Frame,
    blocks::{link, status},
    parts::{self, Field, Problem, id},
};
use crate::{
    i18n::{I18n, Key},
    page::Offers,
};

/// `/sign-in`.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    /// What was typed.
    pub name: String,
    /// Where one goes then.
    pub next: String,
    /// Why the last try failed.
    pub problem: Option<Problem>,
    /// What has come of something else.
    pub notice: Option<Key>,
    /// By what else one can come in.
    pub offers: Offers,
}

impl SignIn {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let (i18n, problem) = (frame.i18n, self.problem);
        let Offers { guests, accounts, .. } = self.offers;
        let sign_up = if accounts {
            Either::Left(link("/sign-up", &self.next, i18n.t(Key::CreateAccount)))
        } else {
            Either::Right(view! { <p class="soft">{i18n.t(Key::InvitationRequired)}</p> })
        };
        let without = guests.then(|| link("/", &self.next, i18n.t(Key::ContinueAsGuest)));
        let body = view! {
            <h1>{i18n.t(Key::SignIn)}</h1>
            {self.notice.map(|notice| status(i18n, notice))}
            <form method="post" action="/sign-in" data-testid="sign-in-form">
                {Field::name(i18n, self.name).view(problem.as_ref())}
                {Field::password(i18n, id::PASSWORD).view(problem.as_ref())}
                <input type="hidden" name="next" value=self.next />
                <button type="submit" class="button primary">
                    {i18n.t(Key::SignIn)}
                </button>
            </form>
            <p class="soft">{i18n.t(Key::ForgotPasswordHelp)}</p>
            {sign_up}
            {without}
        };
        frame.document(i18n.t(Key::SignIn), body)
    }
}

/// By what one makes an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Invitation {
    /// Anyone can.
    #[default]
    Open,
    /// Not without one, and there is none.
    Needed,
    /// There is none with this secret, or none any more.
    Invalid,
    /// The one that makes the first owner.
    Owner,
    /// By an invitation.
    By {
        /// Who made it.
        name: Option<String>,
        /// What one becomes.
        role: ServerRole,
    },
}

/// `/sign-up`, `/invite/…` and `/first/…`.
#[derive(Clone, Debug, Default)]
pub struct SignUp {
    /// What was typed.
    pub name: String,
    /// Where one goes then.
    pub next: String,
    /// By what.
    pub invitation: Invitation,
    /// Its secret.
    pub invite: Option<Secret>,
    /// The guest who is here.
    pub guest: Option<String>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
}

impl SignUp {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let i18n = frame.i18n;
        let sign_in = link("/sign-in", &self.next, i18n.t(Key::SignInInstead));
        let refused = match self.invitation {
            Invitation::Needed => Some((Key::CreateAccount, Key::InvitationRequired)),
            Invitation::Invalid => Some((Key::InvalidLink, Key::InvalidLinkHelp)),
            _ => None,
        };
        let title = refused.map_or(Key::CreateAccount, |(title, _)| title);
        let body = match refused {
            Some((_, why)) => Either::Left(view! { <p data-testid="problem">{i18n.t(why)}</p> }),
            None => Either::Right(self.form(i18n)),
        };
        let body = view! {
            <h1>{i18n.t(title)}</h1>
            {body}
            {sign_in}
        };
        frame.document(i18n.t(title), body)
    }

    /// The form alone; a guest has it on the page about themselves.
    pub(super) fn form(self, i18n: I18n) -> impl IntoView {
        let sentence = match self.invitation {
            Invitation::Owner => Some(i18n.t(Key::FirstOwnerHelp).to_owned()),
            Invitation::By { name, role } => {
                let mut text = match name {
                    Some(name) => i18n.format(Key::InvitedBy, &[("name", &name)]),
                    None => i18n.t(Key::Invited).to_owned(),
                };
                if role > ServerRole::Member {
                    text.push(' ');
                    text += &i18n.format(Key::InviteRole, &[("role", parts::role(i18n, role))]);
                }
                Some(text)
            }
            _ => None,
        };
        let stays = self.guest.map(|name| i18n.format(Key::GuestUpgradeHelp, &[("name", &name)]));
        let problem = self.problem;
        let name = Field { help: i18n.t(Key::AccountNameHelp).into(), ..Field::name(i18n, self.name) };
        view! {
            {sentence.map(|text| view! { <p data-testid="invitation">{text}</p> })}
            {stays.map(|text| view! { <p data-testid="guest-stays">{text}</p> })}
            <form method="post" action="/sign-up" data-testid="sign-up-form">
                {name.view(problem.as_ref())}
                {Field::new_password(i18n, id::PASSWORD, Key::Password).view(problem.as_ref())}
                {self.invite.map(|secret| view! { <input type="hidden" name="invite" value=secret.0 /> })}
                <input type="hidden" name="next" value=self.next />
                <button type="submit" class="button primary">
                    {i18n.t(Key::CreateAccount)}
                </button>
            </form>
        }
    }
}

/// `/reset/…`.
#[derive(Clone, Debug, Default)]
pub struct Reset {
    /// What stands behind `/reset/` in the link.
    pub secret: Secret,
    /// Whose password it is; none when the link is not valid.
    pub account: Option<String>,
    /// Why the last try failed.
    pub problem: Option<Problem>,
}

impl Reset {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let i18n = frame.i18n;
        let title = if self.account.is_some() { Key::NewPassword } else { Key::InvalidLink };
        let body = match self.account {
            Some(name) => Either::Left(view! {
                <p>{i18n.format(Key::ResetPasswordHelp, &[("name", &name)])}</p>
                <form method="post" action=format!("/reset/{}", self.secret.0) data-testid="reset-form">
                    {parts::known_name(name)}
                    {Field::new_password(i18n, id::PASSWORD, Key::NewPassword).view(self.problem.as_ref())}
                    <button type="submit" class="button primary">
                        {i18n.t(Key::SetPassword)}
                    </button>
                </form>
            }),
            None => Either::Right(view! { <p data-testid="problem">{i18n.t(Key::InvalidLinkHelp)}</p> }),
        };
        let body = view! {
            <h1>{i18n.t(title)}</h1>
            {body}
            {link("/sign-in", "", i18n.t(Key::SignIn))}
        };
        frame.document(i18n.t(title), body)
    }
}

/// A page that says why something was refused, where there is no field to say it at.
#[derive(Clone, Debug)]
pub struct Refused {
    /// A sentence.
    pub text: String,
    /// What the page is called.
    pub title: Key,
    /// Where one can go on to.
    pub to: String,
    /// What that is called.
    pub way: Key,
}

impl Refused {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let i18n = frame.i18n;
        let body = view! {
            <h1>{i18n.t(self.title)}</h1>
            <p role="alert" data-testid="problem">
                {self.text}
            </p>
            {link(&self.to, "", i18n.t(self.way))}
        };
        frame.document(i18n.t(self.title), body)
    }
}
