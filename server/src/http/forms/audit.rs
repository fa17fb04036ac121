//! `/audit`: what was done by whom to whom.

use std::collections::HashMap;

use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parlor_app::forms::AuditLog;
use parlor_protocol::limits;

use super::{AUDIT, clock_of, frame_for, page, reader::Reader};
use crate::http::{ApiError, App, moderation};

/// `GET /audit`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<App>,
    query: Result<Query<moderation::PageOf>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    // One more than is shown tells whether there is another page.
    let shown = limits::AUDIT_PAGE_SIZE as usize;
    let query = query.map(|Query(page)| Query(moderation::PageOf { limit: Some(limits::AUDIT_PAGE_SIZE + 1), ..page }));
    let later = query.as_ref().is_ok_and(|Query(page)| page.before.is_some());
    let Json(mut log) = moderation::audit(caller.clone(), State(app.clone()), query).await?;
    let more = log.entries.len() > shown;
    log.entries.truncate(shown);
    let older = log.entries.last().map(|entry| entry.id).filter(|_| more);
    // What a room is called is for those who may see it.
    let rooms = app.live.rooms_for(&caller.signed_in()).await?;
    let names: HashMap<_, _> = rooms.into_iter().map(|room| (room.id, room.name)).collect();
    let named = |entry: parlor_protocol::http::AuditEntry| {
        let name = entry.room.as_ref().and_then(|room| names.get(room).cloned());
        (entry, name)
    };
    let entries = log.entries.into_iter().map(named).collect();
    let frame = frame_for(&app, &caller, &headers, AUDIT);
    let log = AuditLog { entries, older, later, clock: clock_of(&headers) };
    Ok(page(StatusCode::OK, frame.i18n, log.page(frame)))
}
