//! Who is in a room: brought in, sent away, put in charge.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use parlor_protocol::{
    RoomId, RoomKind, ServerRole, UserId,
    http::{AddMemberRequest, MemberList, UpdateMemberRequest},
    limits,
};

use super::{ApiError, App, Caller, SameOrigin, fields::Fields, rooms::may};
use crate::{
    domain::RoomMembership,
    policy::{RoomAct, ServerAct},
    room::Room,
};

/// `GET /api/rooms/{room}/members`
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
) -> Result<Json<MemberList>, ApiError> {
    may(&app, &caller, RoomAct::Read, &room).await?;
    let (mut members, count) = app.live.store.members(&room, limits::MAX_MEMBERS_LISTED).await?;
    // Who is on the server, and when, is for those to know who may list its people.
    let lists = caller.actor(&app).can(ServerAct::ListPeople);
    for member in &mut members {
        let (online, seen_at) = app.seen(member.user.id, member.seen_at);
        (member.online, member.seen_at) = if lists { (online, seen_at) } else { (false, None) };
    }
    Ok(Json(MemberList { members, count }))
}

/// `POST /api/rooms/{room}/members`: someone by invitation, or oneself to a public room.
pub(super) async fn add(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    Fields(AddMemberRequest { user }): Fields<AddMemberRequest>,
) -> Result<StatusCode, ApiError> {
    let (live_room, mine) = may(&app, &caller, RoomAct::See, &room).await?;
    let oneself = user == caller.user.id;
    if oneself && mine.is_some() {
        return Ok(StatusCode::NO_CONTENT);
    }
    may(&app, &caller, if oneself { RoomAct::Join } else { RoomAct::Invite }, &room).await?;
    let read = app.live.store.add_member(&room, user, caller.user.id).await?.ok_or_else(ApiError::no_such_person)?;
    app.live.hub.became_member(user, &live_room, RoomMembership::since(read), None);
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/rooms/{room}/members/{user}`: someone is sent away, or one leaves.
pub(super) async fn remove(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path((room, user)): Path<(RoomId, UserId)>,
) -> Result<StatusCode, ApiError> {
    let oneself = user == caller.user.id;
    let act = if oneself { RoomAct::Leave } else { RoomAct::Remove };
    let (live_room, _) = may(&app, &caller, act, &room).await?;
    if !oneself {
        let theirs = app.live.store.memberships(user).await?;
        let moderator = theirs.iter().any(|membership| membership.room == room && membership.state.moderator);
        if !may_send_away(&caller, &live_room, moderator) {
            return Err(ApiError::forbidden());
        }
    }
    let removed = app.live.store.remove_member(&room, user, caller.user.id).await?;
    let seq = removed.ok_or_else(ApiError::no_such_person)?;
    if oneself && live_room.kind == RoomKind::Public {
        // No event says so.
        app.live.hub.was_removed(user, &live_room, seq);
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether someone who may remove members may remove this one, who looks after the room or not. Those who do so do not throw
/// each other out: who made the room does, and who looks after the server.
pub(super) fn may_send_away(caller: &Caller, room: &Room, moderator: bool) -> bool {
    !moderator || caller.role >= ServerRole::Moderator || room.is_made_by(caller.user.id)
}

/// `PATCH /api/rooms/{room}/members/{user}`: whether they look after the room.
pub(super) async fn appoint(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    Path((room, user)): Path<(RoomId, UserId)>,
    Fields(UpdateMemberRequest { moderator }): Fields<UpdateMemberRequest>,
) -> Result<StatusCode, ApiError> {
    may(&app, &caller, RoomAct::Appoint, &room).await?;
    if app.live.store.set_moderator(&room, user, moderator, caller.user.id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::no_such_person())
    }
}
