//! Endpoints for the people of the server and their roles.

use axum::{Json, extract::State, http::StatusCode};
use parlor_protocol::{
    UserId,
    http::{ChangeRoleRequest, PeoplePage},
};
use serde::Deserialize;

use super::{ApiError, AppState, JsonBody, PathParams, QueryParams, SameOrigin};
use crate::services::Caller;

#[derive(Default, Deserialize)]
pub(super) struct PeopleQuery {
    #[serde(default)]
    pub(super) q: String,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u32>,
}

/// `GET /api/people?q=&after=&limit=50`
pub(super) async fn list(
    caller: Caller,
    State(state): State<AppState>,
    QueryParams(query): QueryParams<PeopleQuery>,
) -> Result<Json<PeoplePage>, ApiError> {
    Ok(Json(state.services.list_people(&caller, &query.q, query.after.as_deref(), query.limit).await?))
}

/// `DELETE /api/people/{user}/sessions`
pub(super) async fn end_sessions(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(user): PathParams<UserId>,
) -> Result<StatusCode, ApiError> {
    state.services.end_sessions_of(&caller, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/people/{user}/role`
pub(super) async fn change_role(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(user): PathParams<UserId>,
    JsonBody(request): JsonBody<ChangeRoleRequest>,
) -> Result<StatusCode, ApiError> {
    state.services.change_role(&caller, user, request).await?;
    Ok(StatusCode::NO_CONTENT)
}
