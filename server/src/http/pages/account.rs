//! `/account` and its forms.

use axum::{
    extract::State,
    response::{IntoResponse, Redirect},
};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{AccountDetails, AccountPage, FormError, FormState, InvitationState, SignUpDetails},
};
use parlor_protocol::{
    ServerRole, UserKind,
    http::{ChangePasswordRequest, CreateInviteRequest, DeleteAccountRequest, Secret, UpdateProfileRequest},
    limits,
    policy::ServerAction,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ACCOUNT,
    request::{PageForm, PageRequest, number},
    respond::{FormPage, NoticeQuery, PageResult, signed_in},
};
use crate::{
    config::Registration,
    http::{AppState, PathParams, QueryParams, ResponseCookies, SameOrigin, caller::PresentedToken, sessions},
    services::{Caller, ServiceError},
};

struct Account;

impl FormPage for Account {
    type Caller = Caller;

    fn path(&self) -> String {
        ACCOUNT.into()
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let (services, caller) = (&request.app.services, &request.caller);
        let me = services.profile(caller).await?;
        let may_invite = services.can(caller, ServerAction::Invite);
        let invites = if may_invite { Some(services.list_invites(caller).await?.invites) } else { None };
        let may_sign_up = caller.user.kind == UserKind::Guest && services.registration() == Registration::Open;
        let sign_up = may_sign_up.then(|| SignUpDetails {
            name: me.user.name.clone(),
            next: ACCOUNT.into(),
            invitation: InvitationState::NotRequired,
            secret: None,
            guest: Some(me.user.name.clone()),
        });
        let sessions = services.list_sessions(caller).await?.sessions;
        let account = AccountDetails { user: me.user, name: me.account, role: me.role, sign_up, sessions, invites };
        let title = request.i18n.t(Key::Account);
        Ok(request.page(self.path(), title, form, || view! { <AccountPage account /> }))
    }
}

/// `GET /account`
pub(super) async fn show(request: PageRequest, QueryParams(notice): QueryParams<NoticeQuery>) -> PageResult {
    Account.render(&request, notice.into()).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Rename {
    display_name: String,
}

/// `POST /account/name`
pub(super) async fn rename(request: PageRequest, form: PageForm<Rename>) -> PageResult {
    let (input, at) = form.split("display_name");
    let update = UpdateProfileRequest { display_name: Some(input.display_name), colour: None };
    let result = request.app.services.update_profile(&request.caller, update).await;
    request.finish(&Account, result.map(|_| ()), "name", at).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangeColour {
    colour: String,
}

/// `POST /account/colour`
pub(super) async fn change_colour(request: PageRequest, form: PageForm<ChangeColour>) -> PageResult {
    let (input, at) = form.split("colour");
    // A text that is not a colour becomes one that the service rejects.
    let colour = input.colour.parse().unwrap_or(limits::COLOUR_COUNT);
    let update = UpdateProfileRequest { display_name: None, colour: Some(colour) };
    let result = request.app.services.update_profile(&request.caller, update).await;
    request.finish(&Account, result.map(|_| ()), "colour", at).await
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct ChangePassword {
    current: Secret,
    new: Secret,
}

/// `POST /account/password`
pub(super) async fn change_password(request: PageRequest, form: PageForm<ChangePassword>) -> PageResult {
    let (ChangePassword { current, new }, mut at) = form.split("current");
    let change = ChangePasswordRequest { current, new };
    match request.app.services.change_password(&request.caller, &request.client, change).await {
        Ok(created) => Ok(signed_in(&request.cookies, &created, "/account?done=password")),
        Err(error) => {
            if matches!(error, ServiceError::WeakPassword(_)) {
                at.field = Some("new");
            }
            request.reject(&Account, error, at).await
        }
    }
}

/// `POST /account/sessions/{id}/end`. Also succeeds if the session has ended meanwhile.
pub(super) async fn end_session(request: PageRequest, PathParams(id): PathParams<Uuid>) -> PageResult {
    match request.app.services.end_session(&request.caller, id).await {
        Ok(true) => Ok((sessions::signed_out(&request.cookies), Redirect::to("/")).into_response()),
        Err(ServiceError::SessionNotFound) => Ok(Redirect::to(ACCOUNT).into_response()),
        result => request.finish(&Account, result.map(|_| ()), "session", FormError::default()).await,
    }
}

/// `POST /account/sessions/end`: all sessions but this one.
pub(super) async fn end_other_sessions(request: PageRequest) -> PageResult {
    let result = request.app.services.end_other_sessions(&request.caller).await;
    request.finish(&Account, result, "sessions", FormError::default()).await
}

/// `POST /account/sign-out`, also of someone who is banned. Without a session, as after its revocation, the browser still
/// forgets what it stored.
pub(super) async fn sign_out(
    _origin: SameOrigin,
    PresentedToken(session): PresentedToken,
    cookies: ResponseCookies,
    State(app): State<AppState>,
) -> PageResult {
    if let Some(session) = session {
        app.services.sign_out(session).await?;
    }
    Ok((sessions::signed_out(&cookies), Redirect::to("/")).into_response())
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct CreateInvite {
    hours: String,
    uses: String,
    role: String,
}

/// `POST /account/invites`
pub(super) async fn create_invite(request: PageRequest, form: PageForm<CreateInvite>) -> PageResult {
    let (CreateInvite { hours, uses, role }, at) = form.split("hours");
    let optional = |text: &str| (!text.is_empty()).then(|| number(text));
    // A text that is not a role becomes one that the service rejects.
    let role = ServerRole::ALL.into_iter().find(|known| known.as_str() == role).unwrap_or(ServerRole::Guest);
    let invite = CreateInviteRequest { expires_in_hours: optional(&hours), uses: optional(&uses), role: Some(role) };
    match request.app.services.create_invite(&request.caller, invite).await {
        Ok(created) => request.show_link(&Account, &created.link).await,
        Err(error) => request.reject(&Account, error, at).await,
    }
}

/// `POST /account/invites/{id}/revoke`. Also succeeds if the invitation has expired meanwhile.
pub(super) async fn revoke_invite(request: PageRequest, PathParams(id): PathParams<Uuid>) -> PageResult {
    match request.app.services.revoke_invite(&request.caller, id).await {
        Err(ServiceError::InviteNotFound) => Ok(Redirect::to(ACCOUNT).into_response()),
        result => request.finish(&Account, result, "invite", FormError::default()).await,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Delete {
    password: Secret,
}

/// `POST /account/delete`
pub(super) async fn delete(request: PageRequest, form: PageForm<Delete>) -> PageResult {
    let (Delete { password }, at) = form.split("password");
    let delete = DeleteAccountRequest { password };
    match request.app.services.delete_account(&request.caller, &request.client, delete).await {
        Ok(()) => {
            let to = Redirect::to("/sign-in?done=deleted");
            Ok((sessions::signed_out(&request.cookies), to).into_response())
        }
        Err(error) => request.reject(&Account, error, at).await,
    }
}
