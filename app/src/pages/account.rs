//! `/account`: name, colour, password, sessions, invitations, and the deletion of the account.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{
    ServerRole, User,
    http::{InviteInfo, SessionInfo},
    limits, policy,
};

use super::{
    auth::{SignUpDetails, SignUpForm},
    elements::{ActionButton, Avatar, Entries, Link, Section, Time, role_name},
    fields::{ColourPicker, PasswordField, Select, SubmitButton, TextField, Username, number_options},
    form::{CreatedLink, FieldError, PageNotice, PostForm, SubmissionId},
};
use crate::{
    colour,
    i18n::{I18n, Key},
};

/// The reader's own account.
#[derive(Clone, Debug)]
pub struct AccountDetails {
    pub user: User,
    /// The name that they sign in with; none for a guest.
    pub name: Option<String>,
    pub role: ServerRole,
    /// For a guest, the form to create an account; none where that needs an invitation.
    pub sign_up: Option<SignUpDetails>,
    pub sessions: Vec<SessionInfo>,
    /// The open invitations; none for those who may not invite.
    pub invites: Option<Vec<InviteInfo>>,
}

#[component]
pub fn AccountPage(account: AccountDetails) -> impl IntoView {
    let i18n = I18n::current();
    let AccountDetails { user, name, role, sign_up, sessions, invites } = account;
    let sign_in_name = name.as_ref().map(|name| i18n.format(Key::SignInName, &[("name", name)]));
    // Guests may have an account already.
    let sign_in = name.is_none().then(|| view! { <Link href="/sign-in?next=/account" label=Key::SignInInstead /> });
    let profile = name.clone().map(|name| {
        let colour = user.colour.unwrap_or_else(|| colour::default_colour(user.id));
        view! { <ProfileForms display_name=user.name.clone() colour name /> }
    });
    view! {
        <h1>{i18n.t(Key::Account)}</h1>
        <PageNotice />
        <div class="about">
            <Avatar user=user.id name=user.name.clone() colour=user.colour />
            <div>
                <p class="about-name" data-testid="my-name">
                    {user.name}
                </p>
                <p class="soft">{sign_in_name}</p>
                <p class="soft">{i18n.format(Key::RoleValue, &[("role", role_name(role))])}</p>
            </div>
        </div>
        {sign_up
            .map(|details| {
                view! {
                    <Section title=Key::CreateAccount>
                        <SignUpForm details />
                    </Section>
                }
            })}
        {sign_in}
        {profile}
        <Sessions sessions />
        {invites.map(|invites| view! { <Invitations invites role /> })}
        {name.map(|name| view! { <DeleteAccount name /> })}
    }
}

/// What only accounts have.
#[component]
fn ProfileForms(display_name: String, colour: u8, name: String) -> impl IntoView {
    let i18n = I18n::current();
    view! {
        <PostForm action="/account/name" test_id="name-form">
            <TextField
                id="display-name"
                name="display_name"
                label=Key::DisplayName
                value=display_name
                max_length=limits::MAX_NAME_CHARS
                autocomplete="nickname"
            />
            <SubmitButton label=Key::Save />
        </PostForm>
        <PostForm action="/account/colour" test_id="colour-form">
            <ColourPicker name="colour" legend=Key::NameColour value=colour />
            <FieldError name="colour" />
            <SubmitButton label=Key::Save />
        </PostForm>
        <Section title=Key::ChangePassword>
            <PostForm action="/account/password" test_id="password-form">
                <Username name />
                <PasswordField
                    id="current-password"
                    name="current"
                    label=Key::CurrentPassword
                    help=i18n.t(Key::ChangePasswordHelp)
                />
                <PasswordField id="new-password" name="new" label=Key::NewPassword new=true />
                <SubmitButton label=Key::ChangePassword />
            </PostForm>
        </Section>
    }
}

#[component]
fn Sessions(sessions: Vec<SessionInfo>) -> impl IntoView {
    let has_others = sessions.iter().any(|session| !session.current);
    let rows = sessions.into_iter().map(|session| view! { <SessionRow session /> }).collect_view();
    // With scripts one signs out in the chat, which also deletes what the browser stores. Without, it stores nothing.
    view! {
        <Section title=Key::Sessions>
            <ul class="entries">{rows}</ul>
            {has_others
                .then(|| {
                    view! {
                        <form method="post" action="/account/sessions/end">
                            <SubmissionId />
                            <button type="submit" class="button" data-testid="end-others">
                                {I18n::current().t(Key::RevokeOtherSessions)}
                            </button>
                        </form>
                    }
                })}
            <noscript>
                <form method="post" action="/account/sign-out">
                    <SubmissionId />
                    <SubmitButton label=Key::SignOut />
                </form>
            </noscript>
        </Section>
    }
}

#[component]
fn SessionRow(session: SessionInfo) -> impl IntoView {
    let i18n = I18n::current();
    let device = match session.device {
        // The server stores it in English.
        Some(device) => match device.split_once(" on ") {
            Some((browser, system)) => i18n.format(Key::BrowserOnSystem, &[("browser", browser), ("system", system)]),
            None => device,
        },
        None => i18n.t(Key::UnknownDevice).to_owned(),
    };
    let address = session.address.map(|address| i18n.format(Key::SessionAddress, &[("address", &address)]));
    let about = format!("session-{}", session.id);
    let end = if session.current {
        Either::Left(view! { <span class="mine">{i18n.t(Key::CurrentSession)}</span> })
    } else {
        let action = format!("/account/sessions/{}/end", session.id);
        Either::Right(
            view! { <ActionButton action label=Key::RevokeSession about=about.clone() test_id="end-session" /> },
        )
    };
    view! {
        <li data-testid="session">
            <div id=about>
                <p>{device}</p>
                <p class="soft">{address}</p>
                <p class="soft">
                    <Time at=session.seen_at text=Key::SessionLastUsed />
                </p>
            </div>
            {end}
        </li>
    }
}

#[component]
fn Invitations(invites: Vec<InviteInfo>, role: ServerRole) -> impl IntoView {
    let i18n = I18n::current();
    let expiry = number_options([(24, Key::OneDay), (7 * 24, Key::OneWeek), (30 * 24, Key::ThirtyDays)]);
    let uses = [("1", "1"), ("5", "5"), ("25", "25"), ("", i18n.t(Key::Unlimited))];
    let uses = uses.map(|(value, text)| (value.to_owned(), text)).into();
    let roles = ServerRole::ALL.into_iter().filter(|given| policy::can_invite_as(role, *given));
    let roles = roles.map(|role| (role.as_str().to_owned(), role_name(role))).collect();
    let rows = invites.into_iter().map(|invite| view! { <InviteRow invite /> }.into_any()).collect();
    view! {
        <Section title=Key::Invitations>
            <CreatedLink id="invite-link" />
            <p class="soft">{i18n.t(Key::InvitationsHelp)}</p>
            <PostForm action="/account/invites" test_id="invite-form">
                <Select
                    id="invite-hours"
                    name="hours"
                    label=Key::ExpiresAfter
                    options=expiry
                    value=limits::DEFAULT_INVITE_HOURS.to_string()
                />
                <Select id="invite-uses" name="uses" label=Key::MaxUses options=uses value="1" />
                <Select
                    id="invite-role"
                    name="role"
                    label=Key::InvitationRole
                    options=roles
                    value=ServerRole::Member.as_str()
                />
                <FieldError name="hours" />
                <SubmitButton label=Key::CreateInviteLink />
            </PostForm>
            <Entries rows empty=Key::NoInvitations />
        </Section>
    }
}

#[component]
fn InviteRow(invite: InviteInfo) -> impl IntoView {
    let i18n = I18n::current();
    let left = invite.uses_left.map_or_else(|| i18n.t(Key::Unlimited).to_owned(), |uses| uses.to_string());
    let about = format!("invite-{}", invite.id);
    view! {
        <li data-testid="invite">
            <div id=about.clone()>
                <p>{role_name(invite.role)}</p>
                <p class="soft">{i18n.format(Key::UsesLeft, &[("n", &left)])}</p>
                <p class="soft">
                    <Time at=invite.expires_at text=Key::ExpiresAt />
                </p>
            </div>
            <ActionButton action=format!("/account/invites/{}/revoke", invite.id) label=Key::Revoke about />
        </li>
    }
}

#[component]
fn DeleteAccount(name: String) -> impl IntoView {
    view! {
        <Section title=Key::DeleteAccount>
            <p>{I18n::current().t(Key::DeleteAccountHelp)}</p>
            <PostForm action="/account/delete" test_id="delete-form">
                <Username name />
                <PasswordField id="delete-password" />
                <SubmitButton label=Key::DeleteAccountButton class="danger" />
            </PostForm>
        </Section>
    }
}
