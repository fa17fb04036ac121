//! Endpoints for invitations.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
};
use parlor_protocol::http::{CreateInviteRequest, CreatedInvite, InviteList};
use uuid::Uuid;

use super::{ApiError, AppState, JsonBody, SameOrigin};
use crate::services::{Caller, ServiceError};

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
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, ApiError> {
    let Path(id) = id.map_err(|_| ServiceError::InviteNotFound)?;
    state.services.revoke_invite(&caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
