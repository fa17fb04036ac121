//! Who is in a room, on its settings, and the forms about them.

use axum::{
    Form, Json,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use parlor_app::{
    forms::{MemberRow, Members, Problem, TypedRoom, id},
    i18n::Key,
};
use parlor_protocol::{
    RoomId, RoomKind, ServerRole, UserId, UserKind, error_code,
    http::{AddMemberRequest, Member, UpdateMemberRequest},
    limits,
};
use serde::Deserialize;

use super::{frame, reader::Reader, restrictions::Mute, room::Sent};
use crate::{
    accounts::names,
    domain::Membership,
    http::{ApiError, App, Caller, SameOrigin, fields::Fields, members, moderation, rooms},
    policy::{self, Case, Party, RoomAct, ServerAct},
    room::Room,
};

/// Members on one page.
const PAGE: usize = 50;

type Whom = Result<Path<(RoomId, UserId)>, PathRejection>;

/// A page of the members of a room, with what the caller may do about each.
pub(super) async fn of(
    app: &App,
    caller: &Caller,
    room: &Room,
    mine: Option<&Membership>,
    from: usize,
) -> Result<Members, ApiError> {
    let Json(listed) = members::list(caller.clone(), State(app.clone()), Path(room.id.clone())).await?;
    let may = async |act| rooms::may(app, caller, act, &room.id).await.is_ok();
    let rights = Rights {
        remove: may(RoomAct::Remove).await,
        appoint: may(RoomAct::Appoint).await,
        mute: may(RoomAct::Mute).await,
        see_people: caller.actor(app).can(ServerAct::ListPeople),
        moderate: caller.actor(app).can(ServerAct::Moderate),
        looks_after: mine.is_some_and(|membership| membership.state.moderator),
    };
    let invite = may(RoomAct::Invite).await;
    let proposals = if invite { proposals(app, &listed.members).await? } else { Vec::new() };
    let next = from.saturating_add(PAGE);
    let next = (next < listed.members.len()).then_some(next);
    let mut rows = Vec::new();
    for member in listed.members.into_iter().skip(from).take(PAGE) {
        rows.push(row(app, caller, room, rights, member).await?);
    }
    let before = if rows.is_empty() { 0 } else { from };
    Ok(Members { rows, count: listed.count, before, next, invite, proposals })
}

/// What someone may do in a room, as far as it does not depend on whom it concerns.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
struct Rights {
    remove: bool,
    appoint: bool,
    mute: bool,
    see_people: bool,
    moderate: bool,
    looks_after: bool,
}

async fn row(app: &App, caller: &Caller, room: &Room, rights: Rights, member: Member) -> Result<MemberRow, ApiError> {
    let Member { user, moderator, seen_at, online } = member;
    let me = user.id == caller.user.id;
    let account = user.kind == UserKind::Account;
    let mute = rights.mute && !me && {
        // A role on the server counts where someone is muted, and nowhere else here.
        let role = match app.live.store.account_of(user.id).await? {
            Some(account) => account.role,
            None => ServerRole::Guest,
        };
        let by = Party { role: caller.role, moderator: rights.looks_after, maker: room.is_made_by(caller.user.id) };
        let on = Party { role, moderator, maker: room.is_made_by(user.id) };
        policy::may_mute_in_room(Case { by, on, by_another: false })
    };
    let direct = room.kind == RoomKind::Direct;
    Ok(MemberRow {
        moderator,
        me,
        online,
        seen_at,
        has_page: rights.see_people && (account || rights.moderate),
        muted: app.live.store.mutes_of(user.id, &room.id).room.filter(|_| rights.mute),
        remove: rights.remove && !me && members::may_send_away(caller, room, moderator),
        appoint: rights.appoint && !direct,
        mute,
        user,
    })
}

/// The first of those who could be brought in, by name.
async fn proposals(app: &App, members: &[Member]) -> Result<Vec<String>, ApiError> {
    let people = app.live.store.people("", None, limits::MAX_PAGE_SIZE).await?.people;
    let others = people.into_iter().filter(|person| !members.iter().any(|member| member.user.id == person.id));
    Ok(others.map(|person| person.name).collect())
}

#[derive(Deserialize)]
pub(super) struct BringIn {
    #[serde(default)]
    name: String,
}

/// `POST /rooms/{room}/members`: someone by name.
pub(super) async fn bring_in(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    Path(room): Path<RoomId>,
    headers: HeaderMap,
    Form(form): Form<BringIn>,
) -> Result<Response, ApiError> {
    // Who may not bring anyone in learns nothing of names here.
    rooms::may(&app, &caller, RoomAct::Invite, &room).await?;
    let found = by_name(&app, &form.name).await?;
    let sent = Sent { app: &app, caller: caller.clone(), headers: &headers, room: room.clone() };
    let Some(user) = found else {
        let failure = ApiError::no_such_person();
        let text = frame(&headers, "").i18n.t(Key::AccountNotFound).to_owned();
        let typed = TypedRoom { bring_in: form.name, ..TypedRoom::default() };
        return sent.failed(&failure, Problem { at: id::BRING_IN, text }, typed).await;
    };
    let body = Fields(AddMemberRequest { user });
    let done = members::add(origin, caller, State(app.clone()), Path(room), body).await;
    sent.end(done, "added", id::BRING_IN).await
}

/// Who has an account and shows this name, or else signs in with it, in any spelling that counts as the same; as `@name` names
/// people. No two have the same one.
async fn by_name(app: &App, name: &str) -> Result<Option<UserId>, ApiError> {
    let key = names::key(name);
    if key.is_empty() {
        return Ok(None);
    }
    // The list is by this key: what begins with all of it but the last letter is close before it.
    let mut close = key.clone();
    close.pop();
    let found = app.live.store.people(&key, Some(&close), limits::MAX_PAGE_SIZE).await?.people;
    if let Some(person) = found.into_iter().find(|person| names::key(&person.name) == key) {
        return Ok(Some(person.id));
    }
    Ok(app.live.store.account_by_name(&key).await?.map(|account| account.user.id))
}

/// `POST /rooms/{room}/members/{user}/remove`
pub(super) async fn remove(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let path = Path((room.clone(), user));
    let done = members::remove(origin, caller.clone(), State(app.clone()), path).await;
    ended(Sent { app: &app, caller, headers: &headers, room }, done, "removed").await
}

fn ids(member: Whom) -> Result<(RoomId, UserId), ApiError> {
    member.map(|Path(ids)| ids).map_err(|_| ApiError::no_such_person())
}

/// On to the page, also where what was to be ended had ended already; or the page with what was wrong.
async fn ended(sent: Sent<'_>, done: Result<StatusCode, ApiError>, code: &str) -> Result<Response, ApiError> {
    let done = match done {
        Err(failure) if failure.code() == error_code::NOT_FOUND => {
            rooms::may(sent.app, &sent.caller, RoomAct::See, &sent.room).await?;
            Ok(StatusCode::NO_CONTENT)
        }
        done => done,
    };
    sent.end(done, code, id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/appoint`
pub(super) async fn appoint(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    set_moderator(origin, caller, &app, member, &headers, true).await
}

/// `POST /rooms/{room}/members/{user}/dismiss`
pub(super) async fn dismiss(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    set_moderator(origin, caller, &app, member, &headers, false).await
}

async fn set_moderator(
    origin: SameOrigin,
    caller: Caller,
    app: &App,
    member: Whom,
    headers: &HeaderMap,
    moderator: bool,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let (path, body) = (Path((room.clone(), user)), Fields(UpdateMemberRequest { moderator }));
    let done = members::appoint(origin, caller.clone(), State(app.clone()), path, body).await;
    let code = if moderator { "appointed" } else { "dismissed" };
    Sent { app, caller, headers, room }.end(done, code, id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/mute`
pub(super) async fn mute(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    member: Whom,
    headers: HeaderMap,
    Form(form): Form<Mute>,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let fields = Fields(form.of(Some(room.clone())));
    let done = moderation::mute(origin, caller.clone(), State(app.clone()), Ok(Path(user)), fields).await;
    Sent { app: &app, caller, headers: &headers, room }.end(done, "muted", id::ROOM).await
}

/// `POST /rooms/{room}/members/{user}/unmute`
pub(super) async fn unmute(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    member: Whom,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let (room, user) = ids(member)?;
    let here = Ok(Query(moderation::Where { room: Some(room.clone()) }));
    let done = moderation::unmute(origin, caller.clone(), State(app.clone()), Ok(Path(user)), here).await;
    ended(Sent { app: &app, caller, headers: &headers, room }, done, "unmuted").await
}
