//! `/audit`: what was done by whom to whom.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parlor_app::forms::AuditLog;

use super::{AUDIT, clock_of, frame_for, page, reader::Reader};
use crate::http::{ApiError, AppState, moderation::AuditQuery};

/// `GET /audit`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<AppState>,
    query: Result<Query<AuditQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let log = app.services.audit_log(&caller, query.before).await?;
    let frame = frame_for(&app, &caller, &headers, AUDIT);
    let later = query.before.is_some();
    let log = AuditLog { entries: log.entries, older: log.older, later, clock: clock_of(&headers) };
    Ok(page(StatusCode::OK, frame.i18n, log.page(frame)))
}
