//! `/sign-in`, `/sign-up`, `/invite/…`, `/first/…` and `/reset/…`: signing in, creating an account, setting a new password.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Redirect},
};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{ErrorPage, FormState, InvitationState, ResetPage, SignInPage, SignUpDetails, SignUpPage},
};
use parlor_protocol::{
    ServerRole, UserKind,
    http::{CreateAccountRequest, ResetPasswordRequest, Secret, SignInRequest},
};
use serde::Deserialize;

use super::{
    LOBBY, SETUP, chat,
    paths::{redirect_target, with_next},
    request::{PageForm, PageRequest},
    respond::{FormPage, NoticeQuery, PageResult, signed_in},
};
use crate::{
    config::Registration,
    http::{ApiError, PathParams, QueryParams, caller::PresentedToken},
    services::{Caller, Field, ServiceError},
};

/// Where people go after signing in.
fn destination(next: &str) -> &str {
    Some(redirect_target(next)).filter(|next| !next.is_empty()).unwrap_or(LOBBY)
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignIn {
    name: String,
    password: Secret,
    next: String,
}

impl SignIn {
    fn page<C>(&self, request: &PageRequest<C>, form: FormState) -> axum::response::Response {
        let next = redirect_target(&self.next).to_owned();
        let (offers, title) = (chat::offers(&request.app), request.i18n.t(Key::SignIn));
        let path = with_next("/sign-in", &next);
        request.page(path, title, form, || view! { <SignInPage next offers /> })
    }
}

impl FormPage for SignIn {
    type Caller = PresentedToken;

    fn path(&self) -> String {
        "/sign-in".into()
    }

    async fn render(&self, request: &PageRequest<PresentedToken>, form: FormState) -> PageResult {
        Ok(self.page(request, form))
    }
}

/// `GET /sign-in`
pub(super) async fn sign_in_page(
    request: PageRequest<Option<Caller>>,
    QueryParams(sign_in): QueryParams<SignIn>,
    QueryParams(notice): QueryParams<NoticeQuery>,
) -> PageResult {
    if request.caller.as_ref().is_some_and(|caller| caller.user.kind == UserKind::Account) {
        return Ok(Redirect::to(destination(&sign_in.next)).into_response());
    }
    Ok(sign_in.page(&request, notice.into()))
}

/// `POST /sign-in`. Does not reject a banned session: someone else may sign in with the same browser.
pub(super) async fn sign_in(request: PageRequest<PresentedToken>, form: PageForm<SignIn>) -> PageResult {
    let (mut page, at) = form.split("password");
    let sign_in = SignInRequest { name: page.name.clone(), password: std::mem::take(&mut page.password) };
    match request.app.services.sign_in(request.caller.0, &request.client, sign_in).await {
        Ok(created) => Ok(signed_in(&request.cookies, &created, destination(&page.next))),
        Err(error) => request.reject(&page, error, at).await,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct SignUp {
    name: String,
    password: Secret,
    invite: Secret,
    next: String,
}

impl SignUp {
    fn secret(&self) -> Option<Secret> {
        Some(self.invite.clone()).filter(|secret| !secret.0.is_empty())
    }

    /// What entitles the visitor to create an account.
    async fn invitation(&self, request: &PageRequest<Option<Caller>>) -> Result<InvitationState, ApiError> {
        let Some(secret) = self.secret() else {
            let required = request.app.services.registration() == Registration::Invite;
            return Ok(if required { InvitationState::Required } else { InvitationState::NotRequired });
        };
        match request.app.services.find_invite(&request.client, &secret).await {
            Ok(invite) if invite.role == ServerRole::Owner => Ok(InvitationState::FirstOwner),
            Ok(invite) => Ok(InvitationState::Valid { invited_by: invite.invited_by, role: invite.role }),
            Err(ServiceError::InviteNotFound) => Ok(InvitationState::Invalid),
            Err(error) => Err(error.into()),
        }
    }
}

impl FormPage for SignUp {
    type Caller = Option<Caller>;

    fn path(&self) -> String {
        match self.secret() {
            Some(secret) => format!("/invite/{}", secret.0),
            None => with_next("/sign-up", redirect_target(&self.next)),
        }
    }

    async fn render(&self, request: &PageRequest<Option<Caller>>, form: FormState) -> PageResult {
        let i18n = request.i18n;
        let guest = match &request.caller {
            Some(caller) if caller.user.kind == UserKind::Account => {
                let message = i18n.format(Key::AlreadySignedInHelp, &[("name", &caller.user.name)]);
                let (title, link) = (Key::AlreadySignedIn, LOBBY.to_owned());
                let page = || view! { <ErrorPage title message link link_label=Key::OpenChat /> };
                return Ok(request.page(self.path(), i18n.t(title), form, page));
            }
            guest => guest.as_ref().map(|caller| caller.user.name.clone()),
        };
        let details = SignUpDetails {
            // Most guests keep their name.
            name: if self.name.is_empty() { guest.clone().unwrap_or_default() } else { self.name.clone() },
            next: redirect_target(&self.next).to_owned(),
            invitation: self.invitation(request).await?,
            secret: self.secret(),
            guest,
        };
        let is_invalid = details.invitation == InvitationState::Invalid;
        let title = i18n.t(details.title());
        let mut response = request.page(self.path(), title, form, || view! { <SignUpPage details /> });
        if is_invalid {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok(response)
    }
}

/// `GET /sign-up`
pub(super) async fn sign_up_page(
    request: PageRequest<Option<Caller>>,
    QueryParams(page): QueryParams<SignUp>,
) -> PageResult {
    page.render(&request, FormState::default()).await
}

/// `GET /invite/{secret}` and `GET /first/{secret}`: the secret tells which of the two it is.
pub(super) async fn invite_page(
    request: PageRequest<Option<Caller>>,
    PathParams(secret): PathParams<String>,
) -> PageResult {
    let page = SignUp { invite: Secret(secret), ..SignUp::default() };
    page.render(&request, FormState::default()).await
}

/// `POST /sign-up`
pub(super) async fn sign_up(request: PageRequest<Option<Caller>>, form: PageForm<SignUp>) -> PageResult {
    let (mut page, mut at) = form.split("password");
    let password = std::mem::take(&mut page.password);
    let create = CreateAccountRequest { name: page.name.clone(), password, invite: page.secret() };
    match request.app.services.create_account(request.caller.as_ref(), &request.client, create).await {
        Ok(created) => {
            let is_owner = request.app.services.role_of(created.user.id).await? == ServerRole::Owner;
            let to = if is_owner && page.next.is_empty() { SETUP } else { destination(&page.next) };
            Ok(signed_in(&request.cookies, &created, to))
        }
        Err(error) => {
            if error.field() == Some(Field::Name) {
                at.field = Some("name");
            }
            request.reject(&page, error, at).await
        }
    }
}

/// The form for a new password. It contains the secret of the link.
struct Reset(Secret);

impl FormPage for Reset {
    type Caller = PresentedToken;

    fn path(&self) -> String {
        format!("/reset/{}", self.0.0)
    }

    async fn render(&self, request: &PageRequest<PresentedToken>, form: FormState) -> PageResult {
        let account = match request.app.services.account_of_reset_link(&request.client, &self.0).await {
            Ok(name) => Some(name),
            Err(ServiceError::InvalidLink) => None,
            Err(error) => return Err(error.into()),
        };
        let is_valid = account.is_some();
        let title = request.i18n.t(if is_valid { Key::NewPassword } else { Key::InvalidLink });
        let secret = self.0.clone();
        let mut response = request.page(self.path(), title, form, || view! { <ResetPage secret account /> });
        if !is_valid {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        Ok(response)
    }
}

/// `GET /reset/{secret}`
pub(super) async fn reset_page(
    request: PageRequest<PresentedToken>,
    PathParams(secret): PathParams<String>,
) -> PageResult {
    Reset(Secret(secret)).render(&request, FormState::default()).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct NewPassword {
    password: Secret,
}

/// `POST /reset/{secret}`
pub(super) async fn reset(
    request: PageRequest<PresentedToken>,
    PathParams(secret): PathParams<String>,
    form: PageForm<NewPassword>,
) -> PageResult {
    let (NewPassword { password }, at) = form.split("password");
    let secret = Secret(secret);
    let reset = ResetPasswordRequest { secret: secret.clone(), password };
    match request.app.services.reset_password(&request.client, reset).await {
        Ok(created) => Ok(signed_in(&request.cookies, &created, LOBBY)),
        Err(error) => request.reject(&Reset(secret), error, at).await,
    }
}
