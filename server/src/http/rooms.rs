//! The list of rooms, and new ones.

use axum::{
    Json,
    extract::{Path, State, rejection::JsonRejection},
    http::StatusCode,
};
use parlor_protocol::{
    RoomId, RoomKind, UserId, UserKind,
    http::{NewRoom, RoomMade, Rooms},
    refusal, validate,
};
use serde::Deserialize;

use super::{App, Caller, Failure, SameOrigin};
use crate::{config::Guests, store::NewRoomError};

/// `GET /api/rooms`
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<Rooms>, Failure> {
    Ok(Json(Rooms { rooms: app.live.rooms_for(&caller.user).await? }))
}

/// `POST /api/rooms`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    body: Result<Json<NewRoom>, JsonRejection>,
) -> Result<(StatusCode, Json<RoomMade>), Failure> {
    let Json(new) = body.map_err(|error| Failure::bad_body(error.status(), error.body_text()))?;
    if app.live.guests == Guests::LobbyOnly && caller.user.kind == UserKind::Guest {
        let message = "On this server, guests stay in the lobby.";
        return Err(Failure::new(StatusCode::FORBIDDEN, refusal::GUESTS_OFF, message));
    }
    if new.kind != RoomKind::Public {
        return Err(Failure::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            refusal::NOT_SUPPORTED,
            "This server makes public rooms only, so far.",
        ));
    }
    let name = validate::room_name(&new.name).map_err(Failure::invalid_name)?;
    let record = match app.live.store.create_room(name, caller.user.id).await {
        Ok(record) => record,
        Err(NewRoomError::NameTaken) => {
            let message = "There is a room with that name already.";
            return Err(Failure::new(StatusCode::CONFLICT, refusal::NAME_TAKEN, message));
        }
        Err(NewRoomError::Store(error)) => return Err(error.into()),
    };
    let room = record.summary(record.head, record.head);
    let live_room = app.live.hub.add_room(record);
    app.live.hub.became_member(caller.user.id, &live_room, room.read, None);
    app.live.hub.tell_new_room(caller.user.id, &room);
    Ok((StatusCode::CREATED, Json(RoomMade { room })))
}

#[derive(Deserialize)]
pub(super) struct NewMember {
    user: UserId,
}

/// `POST /api/rooms/{room}/members`: oneself, to a public room.
pub(super) async fn join(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    body: Result<Json<NewMember>, JsonRejection>,
) -> Result<StatusCode, Failure> {
    let Json(member) = body.map_err(|error| Failure::bad_body(error.status(), error.body_text()))?;
    let live_room = app.live.room_for(&caller.user, &room).ok_or_else(Failure::no_such_room)?;
    if member.user != caller.user.id {
        return Err(Failure::new(
            StatusCode::FORBIDDEN,
            refusal::NOT_SUPPORTED,
            "Only you yourself can join a public room.",
        ));
    }
    let read = app.live.store.add_member(&room, member.user).await?;
    app.live.hub.became_member(member.user, &live_room, read, None);
    Ok(StatusCode::NO_CONTENT)
}
