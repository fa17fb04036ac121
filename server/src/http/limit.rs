//! Requests that change something, and are too many.

use axum::{
    extract::{Extension, Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use parlor_protocol::error_code;

use super::{ApiError, App, ConnectionInfo, caller};

/// Refuses with 429 what comes too fast from one address or session. Frames have buckets of their own.
pub(super) async fn changes(
    State(app): State<App>,
    slot: Option<Extension<ConnectionInfo>>,
    request: Request,
    next: Next,
) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(Extension(slot)) = slot.filter(|_| !reads && app.live.rate_limits) {
        let session = caller::token(request.headers()).map(caller::hash);
        if let Err(wait) = app.changes.take(slot.client, session.as_ref()) {
            if request.uri().path() == "/enter" {
                return Redirect::to(&format!("/?error={}", error_code::RATE_LIMITED)).into_response();
            }
            return ApiError::too_fast(wait).into_response();
        }
    }
    next.run(request).await
}
