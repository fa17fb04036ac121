//! Endpoints for reading a room: pages of messages, and events after a sequence number.

use axum::{Json, extract::State};
use parlor_protocol::{
    CommandId, Message, RoomId, Seq,
    http::{EventPage, MessageEdits, MessagePage, MessageReactions},
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

/// `GET /api/rooms/{room}/messages/{message}`
pub(super) async fn message(
    caller: Caller,
    State(state): State<AppState>,
    PathParams((room, message)): PathParams<(RoomId, CommandId)>,
) -> Result<Json<Message>, ApiError> {
    Ok(Json(state.services.message(&caller, &room, message).await?))
}

/// `GET /api/rooms/{room}/messages/{message}/edits`
pub(super) async fn edits(
    caller: Caller,
    State(state): State<AppState>,
    PathParams((room, message)): PathParams<(RoomId, CommandId)>,
) -> Result<Json<MessageEdits>, ApiError> {
    Ok(Json(state.services.message_edits(&caller, &room, message).await?))
}

/// `GET /api/rooms/{room}/messages/{message}/reactions`
pub(super) async fn reactions(
    caller: Caller,
    State(state): State<AppState>,
    PathParams((room, message)): PathParams<(RoomId, CommandId)>,
) -> Result<Json<MessageReactions>, ApiError> {
    Ok(Json(state.services.message_reactions(&caller, &room, message).await?))
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
