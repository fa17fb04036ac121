//! Endpoints for bans, mutes and the audit log.

use axum::{Json, extract::State, http::StatusCode};
use parlor_protocol::{
    RoomId, UserId,
    http::{AuditPage, BanList, BanRequest, MuteRequest},
};
use serde::Deserialize;

use super::{ApiError, AppState, JsonBody, PathParams, QueryParams, SameOrigin};
use crate::services::Caller;

/// `POST /api/people/{user}/ban`
pub(super) async fn ban(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(user): PathParams<UserId>,
    JsonBody(request): JsonBody<BanRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.ban(&caller, user, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/people/{user}/ban`
pub(super) async fn lift_ban(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(user): PathParams<UserId>,
) -> Result<StatusCode, ApiError> {
    state.services.lift_ban(&caller, user).await?;
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
    PathParams(user): PathParams<UserId>,
    JsonBody(request): JsonBody<MuteRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.mute(&caller, user, request).await?;
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
    PathParams(user): PathParams<UserId>,
    QueryParams(query): QueryParams<UnmuteQuery>,
) -> Result<StatusCode, ApiError> {
    state.services.unmute(&caller, user, query.room).await?;
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
    QueryParams(query): QueryParams<AuditQuery>,
) -> Result<Json<AuditPage>, ApiError> {
    Ok(Json(state.services.list_audit_entries(&caller, query.before, query.limit).await?))
}
