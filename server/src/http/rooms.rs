//! Endpoints for rooms.

use axum::{Json, extract::State, http::StatusCode};
use parlor_protocol::{
    RoomId,
    http::{CreateRoomRequest, CreatedRoom, NotificationLevelRequest, OpenDirectRequest, RoomList, UpdateRoomRequest},
    limits,
};
use serde::Deserialize;

use super::{ApiError, AppState, JsonBody, PathParams, QueryParams, SameOrigin};
use crate::services::Caller;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    after: Option<String>,
    limit: Option<u32>,
}

/// `GET /api/rooms?after=&limit=`
pub(super) async fn list(
    caller: Caller,
    State(state): State<AppState>,
    QueryParams(page): QueryParams<ListQuery>,
) -> Result<Json<RoomList>, ApiError> {
    let limit = page.limit.unwrap_or(limits::MAX_ROOMS_LISTED).clamp(1, limits::MAX_ROOMS_LISTED);
    Ok(Json(state.services.list_rooms(&caller.signed_in(), page.after.as_deref(), limit as usize).await?))
}

/// `POST /api/rooms`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<CreateRoomRequest>,
) -> Result<(StatusCode, Json<CreatedRoom>), ApiError> {
    Ok((StatusCode::CREATED, Json(state.services.create_room(&caller, request).await?)))
}

/// `PATCH /api/rooms/{room}`
pub(super) async fn update(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(room): PathParams<RoomId>,
    JsonBody(request): JsonBody<UpdateRoomRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.update_room(&caller, &room, request).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/direct`
pub(super) async fn open_direct(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<OpenDirectRequest>,
) -> Result<Json<CreatedRoom>, ApiError> {
    Ok(Json(state.services.open_direct_room(&caller, request).await?))
}

/// `PUT /api/rooms/{room}/level`
pub(super) async fn set_notification_level(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(room): PathParams<RoomId>,
    JsonBody(request): JsonBody<NotificationLevelRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.set_notification_level(&caller, &room, request.level).await?;
    Ok(StatusCode::NO_CONTENT)
}
