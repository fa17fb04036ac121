//! Endpoints for reading a room: pages of messages, and events after a sequence number.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use parlor_protocol::{
    RoomId, Seq,
    http::{EventPage, MessagePage},
};
use serde::Deserialize;

use super::{ApiError, AppState};
use crate::{domain::Page, services::Caller};

#[derive(Deserialize)]
pub(super) struct MessagesQuery {
    before: Option<Seq>,
    after: Option<Seq>,
    around: Option<Seq>,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/messages?before=&limit=50`
pub(super) async fn messages(
    caller: Caller,
    State(state): State<AppState>,
    Path(room): Path<RoomId>,
    query: Result<Query<MessagesQuery>, QueryRejection>,
) -> Result<Json<MessagePage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let page = match (query.before, query.after, query.around) {
        (None, None, None) => Page::Newest,
        (Some(seq), None, None) => Page::Before(seq),
        (None, Some(seq), None) => Page::After(seq),
        (None, None, Some(seq)) => Page::Around(seq),
        _ => return Err(ApiError::bad_request("Use only one of before, after and around.")),
    };
    Ok(Json(state.services.list_messages(&caller, &room, page, query.limit).await?))
}

#[derive(Deserialize)]
pub(super) struct EventsQuery {
    #[serde(default)]
    after: Seq,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/events?after=&limit=500`
pub(super) async fn events(
    caller: Caller,
    State(state): State<AppState>,
    Path(room): Path<RoomId>,
    query: Result<Query<EventsQuery>, QueryRejection>,
) -> Result<Json<EventPage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    Ok(Json(state.services.list_events(&caller, &room, query.after, query.limit).await?))
}
