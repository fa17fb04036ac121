//! Invitations: made, listed, revoked.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use parlor_protocol::{
    ServerRole, error_code,
    http::{CreateInviteRequest, CreatedInvite, InviteList},
    limits,
};
use uuid::Uuid;

use super::{ApiError, App, Caller, SameOrigin, caller, fields::Fields, visitor};
use crate::{clock, domain, policy::ServerAct};

const HOUR: i64 = 3_600_000;

/// `POST /api/invites`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Fields(new): Fields<CreateInviteRequest>,
) -> Result<(StatusCode, Json<CreatedInvite>), ApiError> {
    caller.must(&app, ServerAct::Invite)?;
    let role = new.role.unwrap_or(ServerRole::Member);
    if role == ServerRole::Guest || role == ServerRole::Owner {
        return Err(ApiError::bad_request("\"role\" is member, moderator or admin."));
    }
    if role > caller.role {
        return Err(ApiError::not_allowed("Nobody invites to a role above their own."));
    }
    let hours = new.expires_in_hours.unwrap_or(limits::DEFAULT_INVITE_HOURS);
    if !(1..=limits::MAX_INVITE_HOURS).contains(&hours) {
        return Err(ApiError::bad_request(format!("\"expires_in_hours\" is 1 to {}.", limits::MAX_INVITE_HOURS)));
    }
    if new.uses.is_some_and(|uses| !(1..=limits::MAX_INVITE_USES).contains(&uses)) {
        return Err(ApiError::bad_request(format!("\"uses\" is 1 to {}.", limits::MAX_INVITE_USES)));
    }
    let secret = visitor::new_secret()?;
    let invite = domain::NewInvite {
        token: caller::hash(&secret),
        by: caller.user.id,
        expires_at: clock::now().saturating_add(i64::from(hours) * HOUR),
        uses: new.uses,
        role,
    };
    let invite = app.live.store.make_invite(invite).await?;
    Ok((StatusCode::CREATED, Json(CreatedInvite { invite, link: format!("/invite/{secret}") })))
}

/// `GET /api/invites`
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<InviteList>, ApiError> {
    caller.must(&app, ServerAct::Invite)?;
    Ok(Json(InviteList { invites: app.live.store.invites().await? }))
}

/// `DELETE /api/invites/{id}`
pub(super) async fn revoke(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    caller.must(&app, ServerAct::Invite)?;
    let no_such = || ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is no such invitation.");
    let Path(id) = id.map_err(|_| no_such())?;
    if app.live.store.revoke_invite(id, caller.user.id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(no_such()) }
}
