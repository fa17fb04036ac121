//! Endpoints for accounts: sign-up, profile, passwords, deletion.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    UserId,
    http::{
        ChangePasswordRequest, CreateAccountRequest, CreatedResetLink, DeleteAccountRequest, Me, ResetPasswordRequest,
        UpdateProfileRequest,
    },
};

use super::{ApiError, AppState, JsonBody, PathParams, ResponseCookies, SameOrigin, sessions};
use crate::services::{Caller, ClientInfo};

/// `POST /api/accounts`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Option<Caller>,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<CreateAccountRequest>,
) -> Result<Response, ApiError> {
    let created = state.services.create_account(caller.as_ref(), &client, request).await?;
    Ok(sessions::created(&cookies, created))
}

/// `GET /api/me`
pub(super) async fn me(caller: Caller, State(state): State<AppState>) -> Result<Json<Me>, ApiError> {
    Ok(Json(state.services.profile(&caller).await?))
}

/// `PATCH /api/me`
pub(super) async fn update_profile(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<UpdateProfileRequest>,
) -> Result<Json<Me>, ApiError> {
    Ok(Json(state.services.update_profile(&caller, request).await?))
}

/// `DELETE /api/me`
pub(super) async fn delete(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<DeleteAccountRequest>,
) -> Result<Response, ApiError> {
    state.services.delete_account(&caller, &client, request).await?;
    Ok((StatusCode::NO_CONTENT, sessions::signed_out(&cookies)).into_response())
}

/// `POST /api/password`
pub(super) async fn change_password(
    _origin: SameOrigin,
    caller: Caller,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<ChangePasswordRequest>,
) -> Result<Response, ApiError> {
    let created = state.services.change_password(&caller, &client, request).await?;
    Ok(sessions::created(&cookies, created))
}

/// `POST /api/people/{user}/reset`
pub(super) async fn create_reset_link(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
    PathParams(user): PathParams<UserId>,
) -> Result<(StatusCode, Json<CreatedResetLink>), ApiError> {
    Ok((StatusCode::CREATED, Json(state.services.create_reset_link(&caller, user).await?)))
}

/// `POST /api/reset`
pub(super) async fn reset_password(
    _origin: SameOrigin,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<ResetPasswordRequest>,
) -> Result<Response, ApiError> {
    let created = state.services.reset_password(&client, request).await?;
    Ok(sessions::created(&cookies, created))
}
