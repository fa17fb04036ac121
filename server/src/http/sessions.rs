//! Coming in and going: guests by name.

use axum::{
    Form, Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Redirect, Response},
};
use parlor_protocol::{
    CloseCode,
    http::{Me, NewSession, SessionMade},
    refusal,
    validate::{self, Invalid},
};
use serde::Deserialize;

use super::{App, Caller, Failure, SameOrigin, caller};
use crate::{config::Guests, connection::Bye};

/// A year: a guest who comes back is the same guest.
const COOKIE_SECONDS: u32 = 365 * 24 * 3_600;

/// `POST /api/session`
pub(super) async fn create(
    _origin: SameOrigin,
    State(app): State<App>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let body = body.map_err(|error| Failure::bad_body(error.status(), error.body_text()))?;
    // An empty body is a guest without a name.
    let new: NewSession = if body.is_empty() {
        NewSession::default()
    } else {
        // Through an object: serde would take a list of fields as well.
        let fields: serde_json::Map<_, _> = serde_json::from_slice(&body).map_err(|error| bad_body(&error))?;
        serde_json::from_value(fields.into()).map_err(|error| bad_body(&error))?
    };
    let name = optional_name(&new.name).map_err(Failure::invalid_name)?;
    let made = make(&app, name).await?;
    Ok((StatusCode::OK, cookie(&app, &made.token, COOKIE_SECONDS), Json(made)).into_response())
}

fn bad_body(error: &serde_json::Error) -> Failure {
    Failure::bad_request(format!("The body is not right: {error}"))
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
    State(app): State<App>,
    Form(form): Form<Enter>,
) -> Result<Response, Failure> {
    let next = Some(form.next.as_str()).filter(|next| is_room_address(next));
    let name = match optional_name(&form.name) {
        Ok(name) => name,
        Err(invalid) => {
            let query = [("error", invalid.code()), ("name", &form.name), ("next", next.unwrap_or_default())];
            let query = serde_urlencoded::to_string(query).unwrap_or_default();
            return Ok(Redirect::to(&format!("/?{query}")).into_response());
        }
    };
    if app.live.guests == Guests::Off {
        return Ok(Redirect::to(&format!("/?error={}", refusal::GUESTS_OFF)).into_response());
    }
    let made = make(&app, name).await?;
    let to = Redirect::to(next.unwrap_or("/r/lobby"));
    Ok((cookie(&app, &made.token, COOKIE_SECONDS), to).into_response())
}

/// `GET /api/me`
pub(super) async fn me(caller: Caller) -> Json<Me> {
    Json(Me { user: (*caller.user).clone() })
}

/// `DELETE /api/session`: the session ends, and with it its live connections.
pub(super) async fn end(_origin: SameOrigin, caller: Caller, State(app): State<App>) -> Result<Response, Failure> {
    app.live.store.end_session(caller.token).await?;
    // A guest has one session.
    for connection in app.live.hub.connections_of(caller.user.id) {
        connection.queue.close(Bye { code: CloseCode::SessionRevoked, after: None });
    }
    Ok((StatusCode::NO_CONTENT, cookie(&app, "", 0)).into_response())
}

async fn make(app: &App, name: Option<String>) -> Result<SessionMade, Failure> {
    if app.live.guests == Guests::Off {
        let message = "This server does not let people in by a name alone.";
        return Err(Failure::new(StatusCode::FORBIDDEN, refusal::GUESTS_OFF, message));
    }
    let token = caller::new_token().map_err(|error| {
        tracing::error!(%error, "no randomness from the system");
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, refusal::UNAVAILABLE, "The server cannot make a secret.")
    })?;
    let user = app.live.store.create_guest(name, caller::hash(&token)).await?;
    Ok(SessionMade { token, user })
}

/// A name, or none at all.
fn optional_name(text: &str) -> Result<Option<String>, Invalid> {
    match validate::name(text) {
        Err(Invalid::Empty) => Ok(None),
        other => other.map(Some),
    }
}

/// Where a visitor may be sent after coming in: a room of this server and nowhere else.
pub(super) fn is_room_address(path: &str) -> bool {
    path.strip_prefix("/r/").is_some_and(|room| {
        !room.is_empty() && room.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    })
}

fn cookie(app: &App, token: &str, seconds: u32) -> AppendHeaders<[(header::HeaderName, HeaderValue); 1]> {
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
