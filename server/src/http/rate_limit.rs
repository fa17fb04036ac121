//! Middleware that limits requests which change something.

use axum::{
    extract::{Request, State},
    http::Method,
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use parlor_protocol::error_code;

use super::{ApiError, AppState, ConnectionInfo};
use crate::services::{ClientInfo, hash_token};

/// Answers 429 when an address or session sends too many changes. Frames have limits of their own.
pub(super) async fn limit_mutations(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if let Some(connection) = request.extensions().get::<ConnectionInfo>().filter(|_| !reads) {
        let client = ClientInfo { address: connection.client, device: None };
        // All of them: which one is valid is looked up only within the limit.
        let sessions: Vec<_> = state.session_cookie.tokens(request.headers()).into_iter().map(hash_token).collect();
        if let Err(error) = state.services.limit_mutations(&client, &sessions) {
            if request.uri().path() == "/enter" {
                return Redirect::to(&format!("/?error={}", error_code::RATE_LIMITED)).into_response();
            }
            return ApiError::from(error).into_response();
        }
    }
    next.run(request).await
}
