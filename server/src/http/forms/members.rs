//! Who is in a room, on its settings, and the forms about them.

use axum::{
    Form,
    extract::{Path, State, rejection::PathRejection},
    http::HeaderMap,
    response::Response,
};
use parlor_app::{
    forms::{MemberRow, Members, Problem, TypedRoom, id},
    i18n::Key,
};
use parlor_protocol::{RoomId, UserId};
use serde::Deserialize;

use super::{frame, reader::Reader, restrictions::Mute, room::Sent};
use crate::{
    http::{ApiError, AppState, SameOrigin},
    services::{MemberDetails, MembersPage, ServiceError},
};

type Whom = Result<Path<(RoomId, UserId)>, PathRejection>;

pub(super) fn view(page: MembersPage) -> Members {
    let row = |member: MemberDetails| MemberRow {
        user: member.user,
        moderator: member.moderator,
        me: member.is_caller,
        online: member.online,
        seen_at: member.seen_at,
        has_page: member.has_page,
        muted: member.muted_until,
        remove: member.may_remove,
        appoint: member.may_appoint,
        mute: member.may_mute,
    };
    Members {
        rows: page.members.into_iter().map(row).collect(),
        count: page.count,
        before: page.offset,
        next: page.next,
        invite: page.invite,
        proposals: page.suggestions,
    }
}

#[derive(Deserialize)]
pub(super) struct BringIn {
    #[serde(default)]
    name: String,
}

/// `POST /rooms/{room}/members`: someone by name.
pub(super) async fn bring_in(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<BringIn>,
) -> Result<Response, ApiError> {
    let done = app.services.add_member_by_name(&caller, &room, &form.name).await;
    let sent = Sent { app: &app, caller, headers: &headers, room };
    match done {
        Err(error @ ServiceError::PersonNotFound) => {
            let text = frame(&headers, "").i18n.t(Key::AccountNotFound).to_owned();
            let typed = TypedRoom { bring_in: form.name, ..TypedRoom::default() };
            sent.failed(&error.into(), Problem { at: id::BRING_IN, text }, typed).await
        }
        done => sent.end(done, "added", id::BRING_IN).await,
    }
}

/// `POST /rooms/{room}/members/{user}/remove`
pub(super) async fn remove(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let done = match app.services.remove_member(&caller, &room, user).await {
        Err(ServiceError::PersonNotFound) => Ok(()),
        done => done,
    };
    Sent { app: &app, caller, headers: &headers, room }.end(done, "removed", id::ROOM).await
}

fn ids(member: Whom) -> Result<(RoomId, UserId), ServiceError> {
    member.map(|Path(ids)| ids).map_err(|_| ServiceError::PersonNotFound)
}

/// `POST /rooms/{room}/members/{user}/appoint`
pub(super) async fn appoint(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let done = app.services.set_room_moderator(&caller, &room, user, true).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "appointed", id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/dismiss`
pub(super) async fn dismiss(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let done = app.services.set_room_moderator(&caller, &room, user, false).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "dismissed", id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/mute`
pub(super) async fn mute(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    member: Whom,
    headers: HeaderMap,
    Form(form): Form<Mute>,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let done = app.services.mute(&caller, user, form.of(Some(room.clone()))).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "muted", id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/unmute`
pub(super) async fn unmute(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let done = match app.services.unmute(&caller, user, Some(room.clone())).await {
        Err(ServiceError::NotMuted | ServiceError::PersonNotFound) => Ok(()),
        done => done,
    };
    Sent { app: &app, caller, headers: &headers, room }.end(done, "unmuted", id::ROOM).await
}
