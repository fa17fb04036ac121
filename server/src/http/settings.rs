//! Endpoints for the server's settings, and its picture.

use axum::{
    Json,
    body::{Body, to_bytes},
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    http::{ServerSettings, UpdateSettingsRequest},
    limits::MAX_PICTURE_BYTES,
};

use super::{ApiError, AppState, JsonBody, PathParams, SameOrigin, assets::IMMUTABLE};
use crate::{picture::PictureError, services::Caller};

/// `GET /api/settings`
pub(super) async fn show(caller: Caller, State(state): State<AppState>) -> Result<Json<ServerSettings>, ApiError> {
    Ok(Json(state.services.settings_for(&caller)?))
}

/// `PATCH /api/settings`
pub(super) async fn update(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<UpdateSettingsRequest>,
) -> Result<Json<ServerSettings>, ApiError> {
    Ok(Json(state.services.update_settings(&caller, request, None).await?))
}

/// `PUT /api/settings/picture`: the body is the file.
pub(super) async fn set_picture(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    body: Body,
) -> Result<Json<ServerSettings>, ApiError> {
    // Nobody else's file is read.
    state.services.settings_for(&caller)?;
    let file = to_bytes(body, MAX_PICTURE_BYTES).await.map_err(|_| ApiError::from(PictureError::TooLarge))?;
    let unchanged = UpdateSettingsRequest::default();
    Ok(Json(state.services.update_settings(&caller, unchanged, Some(file.into())).await?))
}

/// `DELETE /api/settings/picture`
pub(super) async fn remove_picture(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
) -> Result<Json<ServerSettings>, ApiError> {
    Ok(Json(state.services.remove_picture(&caller).await?))
}

/// `GET /picture/{id}-{side}.png`: the picture, which browsers keep, because another one has another address.
pub(super) async fn picture(
    State(state): State<AppState>,
    PathParams(file): PathParams<String>,
) -> Result<Response, ApiError> {
    let name = file.strip_suffix(".png").and_then(|name| name.rsplit_once('-'));
    let found = match name.and_then(|(id, side)| Some((id, side.parse().ok()?))) {
        Some((id, side)) => state.services.store.picture(id, side).await?,
        None => None,
    };
    let png = found.ok_or_else(ApiError::not_found)?;
    Ok(([(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, IMMUTABLE)], png).into_response())
}
