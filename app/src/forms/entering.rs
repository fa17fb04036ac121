//! Coming in: with an account, with a new one, by an invitation, with a forgotten password.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{ServerRole, http::Secret};

use super::{
    Frame,
    blocks::{link, status},
    parts::{self, Field, Problem, id},
};
use crate::{
    i18n::{Words, forms::Word as Say},
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
    pub notice: Option<Say>,
    /// By what else one can come in.
    pub offers: Offers,
}

impl SignIn {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let (words, problem) = (frame.words, self.problem);
        let Offers { guests, accounts, .. } = self.offers;
        let sign_up = if accounts {
            Either::Left(link("/sign-up", &self.next, words.say(Say::ToSignUp)))
        } else {
            Either::Right(view! { <p class="soft">{words.say(Say::InviteOnly)}</p> })
        };
        let without = guests.then(|| link("/", &self.next, words.say(Say::WithoutAccount)));
        let body = view! {
            <h1>{words.say(Say::SignIn)}</h1>
            {self.notice.map(|notice| status(words, notice))}
            <form method="post" action="/sign-in" data-testid="sign-in-form">
                {Field::name(words, self.name).view(problem.as_ref())}
                {Field::password(words, id::PASSWORD).view(problem.as_ref())}
                <input type="hidden" name="next" value=self.next />
                <button type="submit" class="button primary">
                    {words.say(Say::SignIn)}
                </button>
            </form>
            <p class="soft">{words.say(Say::Forgotten)}</p>
            {sign_up}
            {without}
        };
        frame.document(words.say(Say::SignIn), body)
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
        let words = frame.words;
        let sign_in = link("/sign-in", &self.next, words.say(Say::ToSignIn));
        let refused = match self.invitation {
            Invitation::Needed => Some((Say::SignUp, Say::InviteOnly)),
            Invitation::Invalid => Some((Say::InvalidLink, Say::InvalidInvite)),
            _ => None,
        };
        let title = refused.map_or(Say::SignUp, |(title, _)| title);
        let body = match refused {
            Some((_, why)) => Either::Left(view! { <p data-testid="problem">{words.say(why)}</p> }),
            None => Either::Right(self.form(words)),
        };
        let body = view! {
            <h1>{words.say(title)}</h1>
            {body}
            {sign_in}
        };
        frame.document(words.say(title), body)
    }

    /// The form alone; a guest has it on the page about themselves.
    pub(super) fn form(self, words: Words) -> impl IntoView {
        let sentence = match self.invitation {
            Invitation::Owner => Some(words.say(Say::MakesOwner).to_owned()),
            Invitation::By { name, role } => {
                let mut text = match name {
                    Some(name) => words.say_with(Say::InvitedBy, &[("name", &name)]),
                    None => words.say(Say::Invited).to_owned(),
                };
                if role > ServerRole::Member {
                    text.push(' ');
                    text += &words.say_with(Say::WillBe, &[("role", parts::role(words, role))]);
                }
                Some(text)
            }
            _ => None,
        };
        let stays = self.guest.map(|name| words.say_with(Say::GuestStays, &[("name", &name)]));
        let problem = self.problem;
        let name = Field { help: words.say(Say::SignUpHelp).into(), ..Field::name(words, self.name) };
        view! {
            {sentence.map(|text| view! { <p data-testid="invitation">{text}</p> })}
            {stays.map(|text| view! { <p data-testid="guest-stays">{text}</p> })}
            <form method="post" action="/sign-up" data-testid="sign-up-form">
                {name.view(problem.as_ref())}
                {Field::new_password(words, id::PASSWORD, Say::Password).view(problem.as_ref())}
                {self.invite.map(|secret| view! { <input type="hidden" name="invite" value=secret.0 /> })}
                <input type="hidden" name="next" value=self.next />
                <button type="submit" class="button primary">
                    {words.say(Say::SignUp)}
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
        let words = frame.words;
        let title = if self.account.is_some() { Say::NewPassword } else { Say::InvalidLink };
        let body = match self.account {
            Some(name) => Either::Left(view! {
                <p>{words.say_with(Say::ResetFor, &[("name", &name)])}</p>
                <form method="post" action=format!("/reset/{}", self.secret.0) data-testid="reset-form">
                    {parts::known_name(name)}
                    {Field::new_password(words, id::PASSWORD, Say::NewPassword).view(self.problem.as_ref())}
                    <button type="submit" class="button primary">
                        {words.say(Say::SetPassword)}
                    </button>
                </form>
            }),
            None => Either::Right(view! { <p data-testid="problem">{words.say(Say::InvalidInvite)}</p> }),
        };
        let body = view! {
            <h1>{words.say(title)}</h1>
            {body}
            {link("/sign-in", "", words.say(Say::SignIn))}
        };
        frame.document(words.say(title), body)
    }
}

/// A page that says why something was refused, where there is no field to say it at.
#[derive(Clone, Debug)]
pub struct Refused {
    /// A sentence.
    pub text: String,
    /// What the page is called.
    pub title: Say,
    /// Where one can go on to.
    pub to: String,
    /// What that is called.
    pub way: Say,
}

impl Refused {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let words = frame.words;
        let body = view! {
            <h1>{words.say(self.title)}</h1>
            <p role="alert" data-testid="problem">
                {self.text}
            </p>
            {link(&self.to, "", words.say(self.way))}
        };
        frame.document(words.say(self.title), body)
    }
}
