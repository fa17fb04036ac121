//! Endpoints for the members of a room.

use axum::{Json, extract::State, http::StatusCode};
use parlor_protocol::{
    RoomId, UserId,
    http::{AddMemberRequest, ChangeOwnerRequest, MemberList, UpdateMemberRequest},
};
use serde::Deserialize;

use super::{ApiError, AppState, JsonBody, PathParams, QueryParams, SameOrigin};
use crate::services::Caller;

#[derive(Deserialize)]
pub(super) struct ListQuery {
    after: Option<UserId>,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/members?after=&limit=1000`
pub(super) async fn list(
    caller: Caller,
    State(state): State<AppState>,
    PathParams(room): PathParams<RoomId>,
    QueryParams(query): QueryParams<ListQuery>,
) -> Result<Json<MemberList>, ApiError> {
    Ok(Json(state.services.list_members(&caller, &room, query.after, query.limit).await?))
}

/// `POST /api/rooms/{room}/members`
pub(super) async fn add(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(room): PathParams<RoomId>,
    JsonBody(request): JsonBody<AddMemberRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.add_member(&caller, &room, request.user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/members/{user}`
pub(super) async fn remove(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams((room, user)): PathParams<(RoomId, UserId)>,
) -> Result<StatusCode, ApiError> {
    state.services.remove_member(&caller, &room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH /api/rooms/{room}/members/{user}`
pub(super) async fn update(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams((room, user)): PathParams<(RoomId, UserId)>,
    JsonBody(request): JsonBody<UpdateMemberRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.set_room_moderator(&caller, &room, user, request.moderator).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /api/rooms/{room}/owner`
pub(super) async fn change_owner(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(room): PathParams<RoomId>,
    JsonBody(request): JsonBody<ChangeOwnerRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.change_room_owner(&caller, &room, request.user).await?;
    Ok(StatusCode::NO_CONTENT)
}
