//! Endpoints for bans, mutes and the audit log.

use axum::{
    Json,
    extract::{
        Path, Query, State,
        rejection::{PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditPage, BanList, BanRequest, MuteRequest},
};
use serde::Deserialize;

use super::{ApiError, AppState, JsonBody, SameOrigin};
use crate::services::{Caller, ServiceError};

type UserPath = Result<Path<UserId>, PathRejection>;

fn user_id(path: UserPath) -> Result<UserId, ServiceError> {
    path.map(|Path(user)| user).map_err(|_| ServiceError::PersonNotFound)
}

/// `POST /api/people/{user}/ban`
pub(super) async fn ban(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    user: UserPath,
    JsonBody(request): JsonBody<BanRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.ban(&caller, user_id(user)?, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/people/{user}/ban`
pub(super) async fn lift_ban(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    user: UserPath,
) -> Result<StatusCode, ApiError> {
    state.services.lift_ban(&caller, user_id(user)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/bans`
pub(super) async fn bans(caller: Caller, State(state): State<AppState>) -> Result<Json<BanList>, ApiError> {
    Ok(Json(state.services.list_bans(&caller).await?))
}

/// `POST /api/people/{user}/mute`
pub(super) async fn mute(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    user: UserPath,
    JsonBody(request): JsonBody<MuteRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.mute(&caller, user_id(user)?, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct UnmuteQuery {
    room: Option<RoomId>,
}

/// `DELETE /api/people/{user}/mute?room=`
pub(super) async fn unmute(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    user: UserPath,
    query: Result<Query<UnmuteQuery>, QueryRejection>,
) -> Result<StatusCode, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    state.services.unmute(&caller, user_id(user)?, query.room).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct AuditQuery {
    pub(super) before: Option<i64>,
    limit: Option<u32>,
}

/// `GET /api/audit?before=&limit=50`
pub(super) async fn audit(
    caller: Caller,
    State(state): State<AppState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    Ok(Json(state.services.list_audit_entries(&caller, query.before, query.limit).await?))
}
