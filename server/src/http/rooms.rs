//! The list of rooms, new ones, and what can be changed of them.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use parlor_protocol::{
    RoomId, RoomKind, UserId, error_code,
    http::{CreateRoomRequest, CreatedRoom, NotificationLevelRequest, OpenDirectRequest, RoomList, UpdateRoomRequest},
    limits,
    validate::{self, ValidationError},
};

use super::{ApiError, App, Caller, SameOrigin, fields::Fields};
use crate::{
    domain::{Membership, NameTaken, RoomChange as Change, RoomMembership},
    policy::{RoomAct, ServerAct},
    room::Room,
    session::Denied,
};

/// `GET /api/rooms`
pub(super) async fn list(caller: Caller, State(app): State<App>) -> Result<Json<RoomList>, ApiError> {
    Ok(Json(RoomList { rooms: app.live.rooms_for(&caller.signed_in()).await? }))
}

/// `POST /api/rooms`
pub(super) async fn create(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Fields(new): Fields<CreateRoomRequest>,
) -> Result<(StatusCode, Json<CreatedRoom>), ApiError> {
    let act = match new.kind {
        RoomKind::Public => ServerAct::CreatePublicRoom,
        RoomKind::Private => ServerAct::CreatePrivateRoom,
        RoomKind::Direct => {
            let message = "A direct room is made by naming its people: POST /api/direct.";
            return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, error_code::BAD_REQUEST, message));
        }
    };
    may_on_server(&app, &caller, act)?;
    let name = validate::room_name(&new.name).map_err(ApiError::invalid_name)?;
    let made = app.live.store.create_room(name, new.kind, caller.user.id).await?;
    let record = made.map_err(|NameTaken| name_taken())?;
    let mine = RoomMembership { moderator: true, ..RoomMembership::since(record.head) };
    let room = app.live.hub.add_room(record);
    app.live.hub.became_member(caller.user.id, &room, mine, None);
    if room.kind == RoomKind::Public {
        app.live.hub.tell_new_room(caller.user.id, &room);
    }
    Ok((StatusCode::CREATED, Json(CreatedRoom { room: room.summary(caller.user.id, mine) })))
}

/// `PATCH /api/rooms/{room}`: another name or topic, closed for writing or open again; all of it or nothing.
pub(super) async fn change(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    Fields(wanted): Fields<UpdateRoomRequest>,
) -> Result<StatusCode, ApiError> {
    may(&app, &caller, RoomAct::See, &room).await?;
    let mut changes = Vec::new();
    if let Some(name) = wanted.name {
        may(&app, &caller, RoomAct::Rename, &room).await?;
        changes.push(Change::Name(validate::room_name(&name).map_err(ApiError::invalid_name)?));
    }
    if let Some(topic) = wanted.topic {
        may(&app, &caller, RoomAct::Rename, &room).await?;
        changes.push(Change::Topic(validate::topic(&topic).map_err(invalid_topic)?));
    }
    if let Some(archived) = wanted.archived {
        may(&app, &caller, RoomAct::Archive, &room).await?;
        changes.push(Change::Archived(archived));
    }
    let changed = app.live.store.change_room(&room, changes, caller.user.id).await?;
    changed.map_err(|NameTaken| name_taken())?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/direct`
pub(super) async fn direct(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Fields(new): Fields<OpenDirectRequest>,
) -> Result<Json<CreatedRoom>, ApiError> {
    let (room, mine) = direct_with(&app, &caller, new.users).await?;
    app.live.count_back(&room, mine).await?;
    Ok(Json(CreatedRoom { room: room.summary(caller.user.id, mine) }))
}

/// The direct room of the caller and these people, made when there is none.
///
/// # Errors
/// It is not theirs to make, or those are no people for it.
pub(crate) async fn direct_with(
    app: &App,
    caller: &Caller,
    mut people: Vec<UserId>,
) -> Result<(Arc<Room>, RoomMembership), ApiError> {
    may_on_server(app, caller, ServerAct::CreateDirect)?;
    people.retain(|person| *person != caller.user.id);
    people.sort_unstable();
    people.dedup();
    if people.is_empty() || people.len() > limits::MAX_DIRECT_PEOPLE {
        let message = format!("Name 1 to {} others.", limits::MAX_DIRECT_PEOPLE);
        return Err(ApiError::bad_request(message));
    }
    people.push(caller.user.id);
    let record =
        app.live.store.direct_room(people.clone(), caller.user.id).await?.ok_or_else(ApiError::no_such_person)?;
    let room = app.live.hub.add_room(record);
    for person in people.into_iter().filter(|person| *person != caller.user.id) {
        app.live.hub.is_in_direct(person, &room);
    }
    let mine = mine_in(app, caller, &room).await?;
    app.live.hub.became_member(caller.user.id, &room, mine, None);
    Ok((room, mine))
}

/// How the caller stands to a room of theirs.
async fn mine_in(app: &App, caller: &Caller, room: &Room) -> Result<RoomMembership, ApiError> {
    let memberships = app.live.store.memberships(caller.user.id).await?;
    Ok(memberships
        .iter()
        .find(|membership| membership.room == room.id)
        .map(|membership| membership.state)
        .unwrap_or_default())
}

/// `PUT /api/rooms/{room}/level`: what one wants to hear of it.
pub(super) async fn level(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    Fields(NotificationLevelRequest { level }): Fields<NotificationLevelRequest>,
) -> Result<StatusCode, ApiError> {
    let (live_room, _) = may(&app, &caller, RoomAct::Mark, &room).await?;
    let _turn = app.live.marking.lock(&caller.user.id).await;
    if !app.live.store.set_level(&room, caller.user.id, level).await? {
        // Sent away meanwhile.
        return Err(ApiError::no_such_room());
    }
    app.live.hub.has_level(caller.user.id, &live_room, level);
    Ok(StatusCode::NO_CONTENT)
}

/// The room, if the caller may do this there, and their place in it.
pub(crate) async fn may(
    app: &App,
    caller: &Caller,
    act: RoomAct,
    room: &RoomId,
) -> Result<(Arc<Room>, Option<Membership>), ApiError> {
    app.live.may_from_outside(&caller.signed_in(), act, room).await?.map_err(|denied| match denied {
        Denied::Unseen => ApiError::no_such_room(),
        Denied::Forbidden => ApiError::forbidden(),
        Denied::Muted { until } => ApiError::muted(until),
    })
}

fn may_on_server(app: &App, caller: &Caller, act: ServerAct) -> Result<(), ApiError> {
    let actor = app.live.actor(caller.role);
    if actor.can(act) {
        return Ok(());
    }
    if actor.lobby_only {
        let message = "On this server, guests stay in the lobby.";
        return Err(ApiError::new(StatusCode::FORBIDDEN, error_code::GUESTS_OFF, message));
    }
    Err(ApiError::forbidden())
}

fn name_taken() -> ApiError {
    let message = "There is a room with that name already.";
    ApiError::new(StatusCode::CONFLICT, error_code::NAME_TAKEN, message)
}

fn invalid_topic(invalid: ValidationError) -> ApiError {
    ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.code(), format!("That topic will not do. {invalid}"))
}
