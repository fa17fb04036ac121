//! The invitations on `/account`.

use axum::{
    Form,
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::forms::{Typed, id};
use parlor_protocol::{ServerRole, http::CreateInviteRequest};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ACCOUNT,
    account::{Shown, account, done, failed},
    frame, link_to, problem,
    reader::Reader,
};
use crate::{
    http::{ApiError, AppState, SameOrigin},
    services::ServiceError,
};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    hours: String,
    #[serde(default)]
    uses: String,
    #[serde(default)]
    role: String,
}

impl Asked {
    /// What can be no number or role becomes one that the API refuses.
    fn invite(&self) -> CreateInviteRequest {
        let number = |text: &str| (!text.is_empty()).then(|| text.parse().unwrap_or(0));
        let role = ServerRole::ALL.into_iter().find(|role| role.as_str() == self.role).unwrap_or(ServerRole::Guest);
        CreateInviteRequest { expires_in_hours: number(&self.hours), uses: number(&self.uses), role: Some(role) }
    }
}

/// `POST /account/invites`. Answers with the page instead of a redirect: the link is shown once and must not be in an address
/// or a cookie.
pub(super) async fn make(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(form): Form<Asked>,
) -> Result<Response, ApiError> {
    match app.services.create_invite(&caller, form.invite()).await {
        Ok(created) => {
            let shown = Shown { link: Some(link_to(&app, &headers, &created.link)), ..Shown::default() };
            account(&app, caller, &headers, shown).await
        }
        Err(error) => {
            let failure = error.into();
            let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::INVITE);
            let typed = Typed { invite: Some([form.hours, form.uses, form.role]), ..Typed::default() };
            failed(&app, caller, &headers, &failure, problem, typed).await
        }
    }
}

/// `POST /account/invites/{id}/revoke`. Succeeds also for an invitation that could not be used any more.
pub(super) async fn revoke(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, ApiError> {
    let Ok(Path(id)) = id else { return Ok(Redirect::to(ACCOUNT).into_response()) };
    match app.services.revoke_invite(&caller, id).await {
        Ok(()) => Ok(Redirect::to(&done("invite")).into_response()),
        Err(ServiceError::InviteNotFound) => Ok(Redirect::to(ACCOUNT).into_response()),
        Err(error) => Err(error.into()),
    }
}
