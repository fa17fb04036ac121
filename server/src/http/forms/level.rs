//! The notification level, in the settings of a room.

use axum::{
    Form,
    extract::{Path, State},
    http::HeaderMap,
    response::Response,
};
use parlor_app::forms::{TypedRoom, id};
use parlor_protocol::{NotificationLevel, RoomId};
use serde::Deserialize;

use super::{frame, problem, reader::Reader, room::Sent};
use crate::http::{ApiError, AppState, SameOrigin};

#[derive(Deserialize)]
pub(super) struct LevelForm {
    #[serde(default)]
    level: String,
}

/// `POST /rooms/{room}/level`
pub(super) async fn choose(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<LevelForm>,
) -> Result<Response, ApiError> {
    let level = NotificationLevel::ALL.into_iter().find(|level| level.as_str() == form.level);
    let Some(level) = level else {
        let failure = ApiError::bad_request("Level must be all, mentions or nothing.");
        let problem = problem(frame(&headers, "").i18n, &failure, id::ROOM);
        let sent = Sent { app: &app, caller, headers: &headers, room };
        return sent.failed(&failure, problem, TypedRoom::default()).await;
    };
    let done = app.services.set_notification_level(&caller, &room, level).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "level", id::ROOM).await
}
