//! The invitations on `/account`.

use axum::{
    Form, Json,
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::forms::{Typed, id};
use parlor_protocol::{ServerRole, error_code, http::CreateInviteRequest};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ACCOUNT,
    account::{Shown, account, done, failed},
    frame, link_to, problem,
    reader::Reader,
};
use crate::http::{ApiError, App, SameOrigin, fields::Fields, invites};

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

/// `POST /account/invites`. The one form that answers with its page at once: the link is shown once, and belongs into no
/// address and no cookie.
pub(super) async fn make(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    headers: HeaderMap,
    Form(form): Form<Asked>,
) -> Result<Response, ApiError> {
    let made = invites::create(origin, caller.clone(), State(app.clone()), Fields(form.invite())).await;
    match made {
        Ok((_, Json(made))) => {
            let shown = Shown { link: Some(link_to(&app, &headers, &made.link)), ..Shown::default() };
            account(&app, caller, &headers, shown).await
        }
        Err(failure) => {
            let problem = problem(frame(&headers, ACCOUNT).i18n, &failure, id::INVITE);
            let typed = Typed { invite: Some([form.hours, form.uses, form.role]), ..Typed::default() };
            failed(&app, caller, &headers, &failure, problem, typed).await
        }
    }
}

/// `POST /account/invites/{id}/revoke`: also when it could not be used any more.
pub(super) async fn revoke(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, ApiError> {
    match invites::revoke(origin, caller, State(app), id).await {
        Ok(_) => Ok(Redirect::to(&done("invite")).into_response()),
        Err(failure) if failure.code() == error_code::NOT_FOUND => Ok(Redirect::to(ACCOUNT).into_response()),
        Err(failure) => Err(failure),
    }
}
