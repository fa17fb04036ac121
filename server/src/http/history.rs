//! Pages of a room's messages, and its events after a seq.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
};
use parlor_protocol::{
    RoomId, Seq,
    http::{EventPage, MessagePage},
    limits,
};
use serde::Deserialize;

use super::{ApiError, App, Caller, rooms::may};
use crate::{domain::Page, policy::RoomAct};

#[derive(Deserialize)]
pub(super) struct MessageQuery {
    before: Option<Seq>,
    after: Option<Seq>,
    around: Option<Seq>,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/messages?before=<seq>&limit=50`
pub(super) async fn messages(
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    query: Result<Query<MessageQuery>, QueryRejection>,
) -> Result<Json<MessagePage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let page = match (query.before, query.after, query.around) {
        (None, None, None) => Page::Newest,
        (Some(seq), None, None) => Page::Before(seq),
        (None, Some(seq), None) => Page::After(seq),
        (None, None, Some(seq)) => Page::Around(seq),
        _ => return Err(ApiError::bad_request("Give one of before, after and around.")),
    };
    may(&app, &caller, RoomAct::Read, &room).await?;
    let limit = query.limit.unwrap_or(limits::DEFAULT_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
    Ok(Json(app.live.store.messages(&room, page, limit).await?))
}

#[derive(Deserialize)]
pub(super) struct EventQuery {
    #[serde(default)]
    after: Seq,
    limit: Option<u32>,
}

/// `GET /api/rooms/{room}/events?after=<seq>&limit=500`
pub(super) async fn events(
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Json<EventPage>, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    may(&app, &caller, RoomAct::Read, &room).await?;
    let limit = query.limit.unwrap_or(limits::MAX_EVENT_PAGE_SIZE).clamp(1, limits::MAX_EVENT_PAGE_SIZE);
    Ok(Json(app.live.store.events(&room, query.after, limit).await?))
}
