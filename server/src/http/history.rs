//! Endpoints for reading a room: pages of messages, and events after a sequence number.

use axum::{Json, extract::State};
use parlor_protocol::{
    RoomId, Seq,
    http::{EventPage, MessagePage},
};
use serde::Deserialize;

use super::{ApiError, AppState, PathParams, QueryParams};
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
    PathParams(room): PathParams<RoomId>,
    QueryParams(query): QueryParams<MessagesQuery>,
) -> Result<Json<MessagePage>, ApiError> {
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
    PathParams(room): PathParams<RoomId>,
    QueryParams(query): QueryParams<EventsQuery>,
) -> Result<Json<EventPage>, ApiError> {
    Ok(Json(state.services.list_events(&caller, &room, query.after, query.limit).await?))
}
