//! The endpoints of the plain gateways: `GET /gateway/text` and `GET /gateway/json`, over WebSocket.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use parlor_protocol::RoomId;
use serde::Deserialize;

use super::{credentials::Credentials, participant::Participant, plain, plain_format::PlainFormat};
use crate::{
    extract::{ApiError, AppState, QueryParams},
    socket::Upgrade,
};

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
    credentials: Credentials,
    app: State<AppState>,
    QueryParams(params): QueryParams<Params>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let format = if params.format == Some(Format::Text) { PlainFormat::Lines } else { PlainFormat::Typed };
    start(credentials, app, params, format, upgrade).await
}

/// `GET /gateway/json`
pub(super) async fn json(
    credentials: Credentials,
    app: State<AppState>,
    QueryParams(params): QueryParams<Params>,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    start(credentials, app, params, PlainFormat::Nickname, upgrade).await
}

async fn start(
    Credentials { visitor, caller }: Credentials,
    State(app): State<AppState>,
    Params { room, name, .. }: Params,
    format: PlainFormat,
    upgrade: Upgrade,
) -> Result<Response, ApiError> {
    let room = if room.is_empty() { RoomId::lobby() } else { room.into() };
    let participant = Participant::join(app.session_context, visitor, caller, &name, room).await?;
    Ok(upgrade.run(async move |stream, early| plain::run(stream, &early, participant, format).await).into_response())
}
