//! Endpoints for sessions: guests, signing in and out, the list of one's sessions.

use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderName, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_protocol::{
    error_code,
    http::{CreateSessionRequest, CreatedSession, SessionList, SignInRequest},
};
use serde::Deserialize;
use uuid::Uuid;

use super::{
    ApiError, AppState, FormBody, JsonBody, PathParams, ResponseCookies, SameOrigin, SetCookie, caller::PresentedToken,
    json_body,
};
use crate::services::{Caller, ClientInfo, ServiceError};

/// `POST /api/session`. Rejects a banned person, who would otherwise come back as a guest.
pub(super) async fn create(
    _origin: SameOrigin,
    _not_banned: Option<Caller>,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|error| ApiError::bad_body(error.status(), error.body_text()))?;
    // Without a body the guest has no name.
    let request: CreateSessionRequest = if body.is_empty() {
        CreateSessionRequest::default()
    } else {
        json_body::parse_fields(Json::from_bytes(&body))?
    };
    Ok(self::created(&cookies, state.services.create_guest(&client, &request.name).await?))
}

#[derive(Deserialize)]
pub(super) struct EnterForm {
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

/// `POST /enter`: the guest form on the first page.
pub(super) async fn enter(
    _origin: SameOrigin,
    caller: Result<Option<Caller>, ApiError>,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    FormBody(form): FormBody<EnterForm>,
) -> Result<Response, ApiError> {
    let next = Some(form.next.as_str()).filter(|next| is_room_address(next));
    let back_to_form = |code: &str| {
        let query = [("error", code), ("name", &form.name), ("next", next.unwrap_or_default())];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        Ok(Redirect::to(&format!("/?{query}")).into_response())
    };
    if caller.is_err_and(|error| error.is_ban()) {
        return back_to_form(error_code::BANNED);
    }
    match state.services.create_guest(&client, &form.name).await {
        Ok(created) => {
            let to = Redirect::to(next.unwrap_or("/r/lobby"));
            Ok((cookies.set_session(&created.token), to).into_response())
        }
        Err(ServiceError::GuestsDisabled) => {
            Ok(Redirect::to(&format!("/?error={}", error_code::GUESTS_OFF)).into_response())
        }
        Err(error @ (ServiceError::Invalid { .. } | ServiceError::NameTaken { .. } | ServiceError::Banned { .. })) => {
            back_to_form(error.code())
        }
        Err(error) => Err(error.into()),
    }
}

/// `DELETE /api/session`, also of someone who is banned.
pub(super) async fn end_current(
    _origin: SameOrigin,
    PresentedToken(session): PresentedToken,
    cookies: ResponseCookies,
    State(state): State<AppState>,
) -> Result<Response, ApiError> {
    state.services.sign_out(session.ok_or_else(ApiError::unauthorized)?).await?;
    Ok((StatusCode::NO_CONTENT, signed_out(&cookies)).into_response())
}

/// `POST /api/sign-in`. Does not reject a banned session: someone else may sign in with the same browser.
pub(super) async fn sign_in(
    _origin: SameOrigin,
    PresentedToken(replaced): PresentedToken,
    client: ClientInfo,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    JsonBody(request): JsonBody<SignInRequest>,
) -> Result<Response, ApiError> {
    Ok(self::created(&cookies, state.services.sign_in(replaced, &client, request).await?))
}

/// `GET /api/sessions`
pub(super) async fn list(caller: Caller, State(state): State<AppState>) -> Result<Json<SessionList>, ApiError> {
    Ok(Json(state.services.list_sessions(&caller).await?))
}

/// `DELETE /api/sessions/{id}`
pub(super) async fn end(
    _origin: SameOrigin,
    caller: Caller,
    cookies: ResponseCookies,
    State(state): State<AppState>,
    PathParams(id): PathParams<Uuid>,
) -> Result<Response, ApiError> {
    let was_current = state.services.end_session(&caller, id).await?;
    if was_current {
        return Ok((StatusCode::NO_CONTENT, signed_out(&cookies)).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/sessions`
pub(super) async fn end_others(
    _origin: SameOrigin,
    caller: Caller,
    State(state): State<AppState>,
) -> Result<StatusCode, ApiError> {
    state.services.end_other_sessions(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer that begins a session: its token in the body and in the cookie.
pub(super) fn created(cookies: &ResponseCookies, created: CreatedSession) -> Response {
    (cookies.set_session(&created.token), Json(created)).into_response()
}

/// Ends the session in the browser: removes its cookie, and what this origin stored of the rooms there (W3C Clear Site Data).
/// That includes the offline app, which the next page installs again. Not `"cookies"`, which would remove those of other
/// servers on the same host and its subdomains as well.
pub(super) fn signed_out(cookies: &ResponseCookies) -> (SetCookie, [(HeaderName, &'static str); 1]) {
    let name = HeaderName::from_static("clear-site-data");
    (cookies.remove_session(), [(name, "\"cache\", \"storage\"")])
}

/// Whether this is the address of a room of this server: the only place to redirect a new guest to.
pub(super) fn is_room_address(path: &str) -> bool {
    path.strip_prefix("/r/").is_some_and(|room| {
        !room.is_empty() && room.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_stay_on_this_server() {
        assert!(is_room_address("/r/lobby") && is_room_address("/r/k3f-9_x"));
        for path in [
            "",
            "/",
            "/r/",
            "//evil.example",
            "/r/../x",
            "/r/a/b",
            "https://evil.example",
            "/r/a?b",
            "/r/a\r\nb",
            "r/a",
        ] {
            assert!(!is_room_address(path), "{path}");
        }
    }
}
