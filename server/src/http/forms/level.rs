//! What one wants to hear of a room, on its settings.

use axum::{
    Form,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use parlor_app::forms::id;
use parlor_protocol::{NotificationLevel, RoomId, http::NotificationLevelRequest};
use serde::Deserialize;

use super::{reader::Reader, room::Sent};
use crate::http::{ApiError, App, SameOrigin, fields::Fields, rooms};

#[derive(Deserialize)]
pub(super) struct Hear {
    #[serde(default)]
    level: String,
}

/// `POST /rooms/{room}/level`
pub(super) async fn choose(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<Hear>,
) -> Result<Response, ApiError> {
    let done = match NotificationLevel::ALL.into_iter().find(|level| level.as_str() == form.level) {
        Some(level) => {
            let body = Fields(NotificationLevelRequest { level });
            rooms::level(origin, caller.clone(), State(app.clone()), Path(room.clone()), body).await
        }
        None => Err(ApiError::bad_request("\"level\" is all, mentions or nothing.")),
    };
    Sent { app: &app, caller, headers: &headers, room }.end(done, "level", id::ROOM).await
}
