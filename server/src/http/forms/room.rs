//! `/rooms/…/settings` and the forms for the room as a whole; those for its members are in [`super::members`].

use axum::{
    Form,
    extract::{Path, Query, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{May, Problem, RoomSettings, TypedRoom, id},
    i18n::{I18n, Key},
};
use parlor_protocol::{
    RoomId, error_code,
    http::{AddMemberRequest, UpdateRoomRequest},
    validate,
};
use serde::Deserialize;

use super::{LOBBY, clock_of, explain, frame, frame_for, members, notice, page, reader::Reader};
use crate::{
    http::{ApiError, App, Caller, SameOrigin, fields::Fields, members as api, rooms},
    policy::RoomAct,
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
    State(app): State<App>,
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
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    room: &RoomId,
    shown: Shown,
) -> Result<Response, ApiError> {
    let (found, membership) = rooms::may(app, caller, RoomAct::See, room).await?;
    let may = async |act| rooms::may(app, caller, act, room).await.is_ok();
    let joined = membership.is_some();
    let may = May {
        rename: may(RoomAct::Rename).await,
        archive: may(RoomAct::Archive).await,
        join: !joined && may(RoomAct::Join).await,
        leave: may(RoomAct::Leave).await,
    };
    let summary = match &membership {
        Some(membership) => found.summary(caller.user.id, membership.state),
        None => found.summary_for_others(),
    };
    let members = members::of(app, caller, &found, membership.as_ref(), shown.from).await?;
    let frame = frame_for(app, caller, headers, address(room));
    let settings = RoomSettings {
        room: room.clone(),
        name: summary.name,
        topic: summary.topic.unwrap_or_default(),
        kind: summary.kind,
        archived: summary.archived,
        may,
        level: membership.map(|membership| membership.state.level),
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
    pub(super) app: &'a App,
    pub(super) caller: Caller,
    pub(super) headers: &'a HeaderMap,
    pub(super) room: RoomId,
}

impl Sent<'_> {
    /// On to the page that says what was done, or the page with what was wrong.
    pub(super) async fn end(
        self,
        done: Result<StatusCode, ApiError>,
        code: &str,
        at: &'static str,
    ) -> Result<Response, ApiError> {
        match done {
            Ok(_) => Ok(Redirect::to(&format!("{}?done={code}", address(&self.room))).into_response()),
            Err(failure) => {
                let text = explain(frame(self.headers, "").i18n, &failure);
                self.failed(&failure, Problem { at, text }, TypedRoom::default()).await
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
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<About>,
) -> Result<Response, ApiError> {
    let About { name, topic } = form;
    let change = UpdateRoomRequest { name: Some(name.clone()), topic: Some(topic.clone()), archived: None };
    let path = Path(room.clone());
    let done = rooms::change(origin, caller.clone(), State(app.clone()), path, Fields(change)).await;
    let sent = Sent { app: &app, caller, headers: &headers, room };
    match done {
        Err(failure) => {
            let problem = problem_of(frame(&headers, "").i18n, &failure, &name, &topic);
            sent.failed(&failure, problem, TypedRoom { about: Some([name, topic]), ..TypedRoom::default() }).await
        }
        done => sent.end(done, "changed", id::ROOM_NAME).await,
    }
}

/// What is wrong with a name or a topic.
fn problem_of(i18n: I18n, failure: &ApiError, name: &str, topic: &str) -> Problem {
    if failure.code() == error_code::NAME_TAKEN {
        return Problem { at: id::ROOM_NAME, text: i18n.t(Key::RoomNameTaken).to_owned() };
    }
    match (validate::room_name(name), validate::topic(topic)) {
        (Err(invalid), _) => {
            let text = i18n.format(Key::InvalidName, &[("why", &i18n.validation_error(invalid))]);
            Problem { at: id::ROOM_NAME, text }
        }
        (_, Err(invalid)) => Problem { at: id::TOPIC, text: i18n.validation_error(invalid) },
        _ => Problem { at: id::ROOM_NAME, text: explain(i18n, failure) },
    }
}

/// `POST /rooms/{room}/archive`
pub(super) async fn archive(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    close(origin, caller, &app, room, &headers, true).await
}

/// `POST /rooms/{room}/reopen`
pub(super) async fn reopen(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    close(origin, caller, &app, room, &headers, false).await
}

async fn close(
    origin: SameOrigin,
    caller: Caller,
    app: &App,
    room: RoomId,
    headers: &HeaderMap,
    archived: bool,
) -> Result<Response, ApiError> {
    let change = UpdateRoomRequest { archived: Some(archived), ..UpdateRoomRequest::default() };
    let path = Path(room.clone());
    let done = rooms::change(origin, caller.clone(), State(app.clone()), path, Fields(change)).await;
    let code = if archived { "archived" } else { "reopened" };
    Sent { app, caller, headers, room }.end(done, code, id::ROOM).await
}

/// `POST /rooms/{room}/join`: on to the room.
pub(super) async fn join(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let me = Fields(AddMemberRequest { user: caller.user.id });
    match api::add(origin, caller.clone(), State(app.clone()), Path(room.clone()), me).await {
        Ok(_) => Ok(Redirect::to(&format!("/r/{room}")).into_response()),
        failed => Sent { app: &app, caller, headers: &headers, room }.end(failed, "", id::ROOM).await,
    }
}

/// `POST /rooms/{room}/leave`: on to the lobby, for the room may be nothing to see any more.
pub(super) async fn leave(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let me = Path((room.clone(), caller.user.id));
    match api::remove(origin, caller.clone(), State(app.clone()), me).await {
        Ok(_) => Ok(Redirect::to(LOBBY).into_response()),
        failed => Sent { app: &app, caller, headers: &headers, room }.end(failed, "", id::ROOM).await,
    }
}
