//! The plain gateways: `GET /gateway/text` and `GET /gateway/json`, over WebSocket.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    response::{IntoResponse, Response},
};
use parlor_protocol::RoomId;
use serde::Deserialize;

use super::{dialect::Dialect, entrance::Entrance, participant::Participant, plain};
use crate::{
    http::{ApiError, App},
    socket::Upgrade,
};

/// What the address says.
#[derive(Deserialize)]
pub(super) struct Params {
    #[serde(default)]
    room: String,
    #[serde(default)]
    name: String,
    format: Option<Format>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Format {
    Json,
    Text,
}

/// `GET /gateway/text`
pub(super) async fn text(
    entrance: Entrance,
    app: State<App>,
    params: Result<Query<Params>, QueryRejection>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let params = readable(params)?;
    let dialect = if params.format == Some(Format::Text) { Dialect::Lines } else { Dialect::Typed };
    begin(entrance, app, params, dialect, upgrade).await
}

/// `GET /gateway/json`
pub(super) async fn json(
    entrance: Entrance,
    app: State<App>,
    params: Result<Query<Params>, QueryRejection>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    begin(entrance, app, readable(params)?, Dialect::Nickname, upgrade).await
}

fn readable(params: Result<Query<Params>, QueryRejection>) -> Result<Params, ApiError> {
    params.map(|Query(params)| params).map_err(|error| ApiError::bad_request(error.body_text()))
}

async fn begin(
    Entrance { visitor, caller }: Entrance,
    State(app): State<App>,
    Params { room, name, .. }: Params,
    dialect: Dialect,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let room = if room.is_empty() { RoomId::lobby() } else { room.into() };
    let participant = Participant::enter(app, visitor, caller, &name, room).await?;
    Ok(upgrade.run(async move |stream, early| plain::run(stream, &early, participant, dialect).await).into_response())
}
