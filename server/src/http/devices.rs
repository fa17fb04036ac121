//! The sessions of a person: where they are signed in, and out again.

use axum::{
    Json,
    extract::{Path, State, rejection::PathRejection},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use parlor_protocol::{
    error_code,
    http::{SessionInfo, SessionList},
};
use uuid::Uuid;

use super::{ApiError, App, Caller, SameOrigin, sessions};
use crate::domain::SessionSelection;

/// `GET /api/sessions`
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<SessionList>, ApiError> {
    let records = app.live.store.sessions_of(caller.user.id).await?;
    let sessions = records.into_iter().map(|record| SessionInfo {
        id: record.id,
        device: record.device,
        address: record.address,
        created_at: record.created_at,
        seen_at: record.seen_at,
        current: record.token == caller.token,
    });
    Ok(Json(SessionList { sessions: sessions.collect() }))
}

/// `DELETE /api/sessions/{id}`: one of one's own; its live connections close with 4501.
pub(super) async fn end(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, ApiError> {
    let no_such = || ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "You have no such session.");
    let Path(id) = id.map_err(|_| no_such())?;
    let ended = app.live.store.end_sessions(caller.user.id, SessionSelection::One(id)).await?;
    let token = *ended.first().ok_or_else(no_such)?;
    app.revoke(|connection| connection.session == token);
    if token == caller.token {
        return Ok((StatusCode::NO_CONTENT, sessions::cookie(&app, "", 0)).into_response());
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /api/sessions`: all of one's own but the one that asks.
pub(super) async fn end_others(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
) -> Result<StatusCode, ApiError> {
    let ended = app.live.store.end_sessions(caller.user.id, SessionSelection::AllExcept(caller.token)).await?;
    app.revoke(|connection| ended.contains(&connection.session));
    Ok(StatusCode::NO_CONTENT)
}
