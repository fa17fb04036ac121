//! Coming in and going: guests by name.

use std::sync::Arc;

use axum::{
    Form, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use parlor_protocol::{
    ServerRole, error_code,
    http::{CreateSessionRequest, CreatedSession},
    validate::ValidationError,
};
use serde::Deserialize;

use super::{ApiError, App, Caller, SameOrigin, accounts, caller, visitor::Visitor};
use crate::{
    config::Guests,
    domain::{CreateError, Name},
};

/// A year: a guest who comes back is the same guest.
pub(super) const COOKIE_SECONDS: u32 = 365 * 24 * 3_600;

/// `POST /api/session`: not with the session of someone who is banned, who would be somebody else by another name.
pub(super) async fn create(
    _origin: SameOrigin,
    _not_banned: Option<Caller>,
    visitor: Visitor,
    State(app): State<App>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let body = body.map_err(|error| ApiError::bad_body(error.status(), error.body_text()))?;
    // An empty body is a guest without a name.
    let new: CreateSessionRequest = if body.is_empty() {
        CreateSessionRequest::default()
    } else {
        // Through an object: serde would take a list of fields as well.
        let fields: serde_json::Map<_, _> = serde_json::from_slice(&body).map_err(|error| bad_body(&error))?;
        serde_json::from_value(fields.into()).map_err(|error| bad_body(&error))?
    };
    let name = optional_name(&new.name).map_err(ApiError::invalid_name)?;
    match make(&app, &visitor, name.clone()).await? {
        Some(made) => Ok((StatusCode::OK, cookie(&app, &made.token, COOKIE_SECONDS), Json(made)).into_response()),
        None => {
            let wanted = name.map(|name| name.text).unwrap_or_default();
            Err(accounts::name_taken(&app, &wanted, None).await?)
        }
    }
}

fn bad_body(error: &serde_json::Error) -> ApiError {
    ApiError::bad_request(format!("The body is not right: {error}"))
}

#[derive(Deserialize)]
pub(super) struct Enter {
    #[serde(default)]
    name: String,
    #[serde(default)]
    next: String,
}

/// `POST /enter`: the form on the first page, which works without scripts.
pub(super) async fn enter(
    _origin: SameOrigin,
    caller: Result<Option<Caller>, ApiError>,
    visitor: Visitor,
    State(app): State<App>,
    Form(form): Form<Enter>,
) -> Result<Response, ApiError> {
    let next = Some(form.next.as_str()).filter(|next| is_room_address(next));
    let again = |code: &str| {
        let query = [("error", code), ("name", &form.name), ("next", next.unwrap_or_default())];
        let query = serde_urlencoded::to_string(query).unwrap_or_default();
        Redirect::to(&format!("/?{query}")).into_response()
    };
    let name = match optional_name(&form.name) {
        Ok(name) => name,
        Err(invalid) => return Ok(again(invalid.code())),
    };
    if app.live.guests == Guests::Off {
        return Ok(Redirect::to(&format!("/?error={}", error_code::GUESTS_OFF)).into_response());
    }
    // A session that is not banned says nothing of who comes in now.
    let is_banned = caller.is_err_and(|failure| failure.is_ban());
    if is_banned || visitor.must_be_welcome(&app).is_err() {
        return Ok(again(error_code::BANNED));
    }
    let Some(made) = make(&app, &visitor, name).await? else { return Ok(again(error_code::NAME_TAKEN)) };
    let to = Redirect::to(next.unwrap_or("/r/lobby"));
    Ok((cookie(&app, &made.token, COOKIE_SECONDS), to).into_response())
}

/// `DELETE /api/session`: the session ends, and with it its live connections.
pub(super) async fn end(_origin: SameOrigin, caller: Caller, State(app): State<App>) -> Result<Response, ApiError> {
    app.live.store.end_session(caller.token).await?;
    app.revoke(|connection| connection.session == caller.token);
    Ok((StatusCode::NO_CONTENT, cookie(&app, "", 0)).into_response())
}

/// A guest for whoever has another way in than this API: the same rules, rates and answers as `POST /api/session`. Ends
/// with [`crate::store::SessionStore::end_session`].
///
/// # Errors
/// Guests may not come in, or not this one, or not so fast; or the name will not do or is another's.
pub(crate) async fn guest(app: &App, visitor: &Visitor, name: &str) -> Result<Caller, ApiError> {
    if app.live.rate_limits {
        app.changes.take(visitor.address, None).map_err(ApiError::too_fast)?;
    }
    let name = optional_name(name).map_err(ApiError::invalid_name)?;
    let wanted = name.clone().map(|name| name.text).unwrap_or_default();
    match make(app, visitor, name).await? {
        Some(CreatedSession { token, user }) => {
            Ok(Caller { user: Arc::new(user), role: ServerRole::Guest, token: caller::hash(&token) })
        }
        None => Err(accounts::name_taken(app, &wanted, None).await?),
    }
}

/// A new guest; none when the name is taken.
async fn make(app: &App, visitor: &Visitor, name: Option<Name>) -> Result<Option<CreatedSession>, ApiError> {
    if app.live.guests == Guests::Off {
        let message = "This server does not let people in by a name alone.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, error_code::GUESTS_OFF, message));
    }
    visitor.must_be_welcome(app)?;
    let (token, session) = visitor.new_session()?;
    match app.live.store.create_guest(name, session, app.in_use()).await? {
        Ok(user) => Ok(Some(CreatedSession { token, user })),
        Err(CreateError::NameTaken | CreateError::Invite | CreateError::NoSuchUser) => Ok(None),
    }
}

/// A name, or none at all.
fn optional_name(text: &str) -> Result<Option<Name>, ValidationError> {
    match accounts::checked_name(text) {
        Err(ValidationError::Empty) => Ok(None),
        other => other.map(Some),
    }
}

/// Where a visitor may be sent after coming in: a room of this server and nowhere else.
pub(super) fn is_room_address(path: &str) -> bool {
    path.strip_prefix("/r/").is_some_and(|room| {
        !room.is_empty() && room.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

pub(super) fn cookie(app: &App, token: &str, seconds: u32) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
    let secure = if app.config.secure_cookies() { "; Secure" } else { "" };
    let text = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}", caller::COOKIE);
    // A token is hexadecimal, so the text is always a valid header.
    let value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    AppendHeaders([(header::SET_COOKIE, value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_elsewhere() {
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
