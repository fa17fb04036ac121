//! Endpoints for invitations.

use axum::{Json, extract::State, http::StatusCode};
use parlor_protocol::http::{CreateInviteRequest, CreatedInvite, InviteList};
use uuid::Uuid;

use super::{ApiError, AppState, JsonBody, PathParams, SameOrigin};
use crate::services::Caller;

/// `POST /api/invites`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<CreateInviteRequest>,
) -> Result<(StatusCode, Json<CreatedInvite>), ApiError> {
    Ok((StatusCode::CREATED, Json(state.services.create_invite(&caller, request).await?)))
}

/// `GET /api/invites`
pub(super) async fn list(caller: Caller, State(state): State<AppState>) -> Result<Json<InviteList>, ApiError> {
    Ok(Json(state.services.list_invites(&caller).await?))
}

/// `DELETE /api/invites/{id}`
pub(super) async fn revoke(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(id): PathParams<Uuid>,
) -> Result<StatusCode, ApiError> {
    state.services.revoke_invite(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
