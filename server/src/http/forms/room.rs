//! `/rooms/…/settings` and the forms for the room as a whole; those for its members are in [`super::members`].

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{May, Problem, RoomSettings, TypedRoom, id},
    i18n::Key,
};
use parlor_protocol::{RoomId, error_code, http::UpdateRoomRequest};
use serde::Deserialize;

use super::{LOBBY, clock_of, frame, frame_for, members, notice, page, problem, reader::Reader};
use crate::{
    http::{ApiError, AppState, SameOrigin},
    services::{Caller, Field, RoomDetails, ServiceError},
};

/// What has come of a form, by its code.
const DONE: [(&str, Key); 10] = [
    ("changed", Key::RoomSaved),
    ("level", Key::NotificationsSaved),
    ("archived", Key::RoomArchived),
    ("reopened", Key::RoomUnarchived),
    ("added", Key::MemberAddedNotice),
    ("removed", Key::MemberRemovedNotice),
    ("appointed", Key::ModeratorAddedNotice),
    ("dismissed", Key::ModeratorRemovedNotice),
    ("muted", Key::UserMuted),
    ("unmuted", Key::UserUnmuted),
];

/// What a page shows beside the room.
#[derive(Default)]
pub(super) struct Shown {
    status: StatusCode,
    notice: Option<Key>,
    problem: Option<Problem>,
    typed: TypedRoom,
    /// How many members come before the page of them.
    from: usize,
}

#[derive(Deserialize)]
pub(super) struct RoomQuery {
    #[serde(default)]
    done: String,
    #[serde(default)]
    from: usize,
}

/// `GET /rooms/{room}/settings`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    Query(query): Query<RoomQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shown = Shown { notice: notice(&DONE, &query.done), from: query.from, ..Shown::default() };
    settings(&app, &caller, &headers, &room, shown).await
}

pub(super) fn address(room: &RoomId) -> String {
    format!("/rooms/{room}/settings")
}

async fn settings(
    app: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    room: &RoomId,
    shown: Shown,
) -> Result<Response, ApiError> {
    let RoomDetails { summary, level, permissions } = app.services.room_details(caller, room).await?;
    let may = May {
        rename: permissions.rename,
        archive: permissions.archive,
        join: permissions.join,
        leave: permissions.leave,
    };
    let members = members::view(app.services.members_page(caller, room, shown.from).await?);
    let frame = frame_for(app, caller, headers, address(room));
    let settings = RoomSettings {
        room: room.clone(),
        name: summary.name,
        topic: summary.topic.unwrap_or_default(),
        kind: summary.kind,
        archived: summary.archived,
        may,
        level,
        members,
        notice: shown.notice,
        problem: shown.problem,
        typed: shown.typed,
        clock: clock_of(headers),
    };
    Ok(page(shown.status, frame.i18n, settings.page(frame)))
}

/// A form as it was sent: by whom, about which room.
pub(super) struct Sent<'a> {
    pub(super) app: &'a AppState,
    pub(super) caller: Caller,
    pub(super) headers: &'a HeaderMap,
    pub(super) room: RoomId,
}

impl Sent<'_> {
    /// On to the page that says what was done, or the page with what was wrong.
    pub(super) async fn end(
        self,
        done: Result<(), ServiceError>,
        code: &str,
        at: &'static str,
    ) -> Result<Response, ApiError> {
        match done {
            Ok(()) => Ok(Redirect::to(&format!("{}?done={code}", address(&self.room))).into_response()),
            Err(error) => {
                let failure = error.into();
                let problem = problem(frame(self.headers, "").i18n, &failure, at);
                self.failed(&failure, problem, TypedRoom::default()).await
            }
        }
    }

    /// The page with what was wrong.
    pub(super) async fn failed(
        self,
        failure: &ApiError,
        problem: Problem,
        typed: TypedRoom,
    ) -> Result<Response, ApiError> {
        // Who may not do it has no such field.
        let at = if failure.code() == error_code::FORBIDDEN { id::ROOM } else { problem.at };
        let problem = Problem { at, ..problem };
        let shown = Shown { status: failure.status(), problem: Some(problem), typed, ..Shown::default() };
        Ok(failure.with_page(settings(self.app, &self.caller, self.headers, &self.room, shown).await?))
    }
}

#[derive(Deserialize)]
pub(super) struct About {
    #[serde(default)]
    name: String,
    #[serde(default)]
    topic: String,
}

/// `POST /rooms/{room}/settings`: its name and topic.
pub(super) async fn change(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<About>,
) -> Result<Response, ApiError> {
    let About { name, topic } = form;
    let request = UpdateRoomRequest { name: Some(name.clone()), topic: Some(topic.clone()), archived: None };
    let done = app.services.update_room(&caller, &room, request).await;
    let sent = Sent { app: &app, caller, headers: &headers, room };
    match done {
        Err(error) => {
            let at = if error.field() == Some(Field::Topic) { id::TOPIC } else { id::ROOM_NAME };
            let failure = error.into();
            let problem = problem(frame(&headers, "").i18n, &failure, at);
            sent.failed(&failure, problem, TypedRoom { about: Some([name, topic]), ..TypedRoom::default() }).await
        }
        done => sent.end(done, "changed", id::ROOM_NAME).await,
    }
}

/// `POST /rooms/{room}/archive`
pub(super) async fn archive(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let request = UpdateRoomRequest { archived: Some(true), ..UpdateRoomRequest::default() };
    let done = app.services.update_room(&caller, &room, request).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "archived", id::ROOM).await
}

/// `POST /rooms/{room}/reopen`
pub(super) async fn reopen(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let request = UpdateRoomRequest { archived: Some(false), ..UpdateRoomRequest::default() };
    let done = app.services.update_room(&caller, &room, request).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "reopened", id::ROOM).await
}

/// `POST /rooms/{room}/join`: on to the room.
pub(super) async fn join(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    match app.services.add_member(&caller, &room, caller.user.id).await {
        Ok(()) => Ok(Redirect::to(&format!("/r/{room}")).into_response()),
        failed => Sent { app: &app, caller, headers: &headers, room }.end(failed, "", id::ROOM).await,
    }
}

/// `POST /rooms/{room}/leave`: on to the lobby, because the room may be hidden from now on.
pub(super) async fn leave(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    match app.services.remove_member(&caller, &room, caller.user.id).await {
        Ok(()) => Ok(Redirect::to(LOBBY).into_response()),
        failed => Sent { app: &app, caller, headers: &headers, room }.end(failed, "", id::ROOM).await,
    }
}
