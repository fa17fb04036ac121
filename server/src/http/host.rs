//! Middleware that refuses host names which are not this server's.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use parlor_protocol::error_code;

use super::{ApiError, AppState};
use crate::extract::host;

/// Answers 421 (RFC 9110, section 15.5.20) to host names that are not this server's, and 400 to several. Health checks may use
/// any, because they reveal nothing. Without a host name, the client is no browser.
pub(super) async fn check(State(app): State<AppState>, request: Request, next: Next) -> Response {
    if matches!(request.uri().path(), "/healthz" | "/readyz") {
        return next.run(request).await;
    }
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return ApiError::bad_request("The request has several host names.").into_response();
    }
    let (parts, body) = request.into_parts();
    let has_host = parts.uri.authority().is_some() || parts.headers.contains_key(header::HOST);
    if has_host && !host::of(&parts).is_some_and(|host| host::is_allowed(&host, &app.config)) {
        return ApiError::new(StatusCode::MISDIRECTED_REQUEST, error_code::HOST_REFUSED, HOST_REFUSED).into_response();
    }
    next.run(Request::from_parts(parts, body)).await
}

const HOST_REFUSED: &str =
    "This server does not answer to this host name. Its administrator can add it with --public-url or --allowed-host.";
