//! `/people/…`: one person, and the forms to write to them, give them a role, and make them a link for a new password. Those for
//! mutes and bans are in [`super::restrictions`].

use axum::{
    Form,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{BanInForce, PersonPage, Problem, TypedBan, id},
    i18n::Key,
};
use parlor_protocol::{
    ServerRole, UserId, error_code,
    http::{ChangeRoleRequest, OpenDirectRequest},
};
use serde::Deserialize;

use super::{clock_of, explain, frame, frame_for, link_to, notice, page, reader::Reader};
use crate::{
    http::{ApiError, AppState, SameOrigin},
    services::{Caller, ServiceError},
};

pub(super) type Who = Result<Path<UserId>, PathRejection>;

/// What has come of a form, by its code.
const DONE: [(&str, Key); 5] = [
    ("role", Key::RoleChanged),
    ("muted", Key::UserMuted),
    ("unmuted", Key::UserUnmuted),
    ("banned", Key::UserBanned),
    ("lifted", Key::UserUnbanned),
];

/// What a page shows beside the person.
#[derive(Default)]
struct Shown {
    status: StatusCode,
    notice: Option<Key>,
    problem: Option<Problem>,
    typed: TypedBan,
    link: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct PersonQuery {
    #[serde(default)]
    done: String,
}

/// `GET /people/{user}`
pub(super) async fn show(
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    Query(query): Query<PersonQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    person(&app, &caller, &headers, user, Shown { notice: notice(&DONE, &query.done), ..Shown::default() }).await
}

pub(super) fn id_of(user: Who) -> Result<UserId, ServiceError> {
    user.map(|Path(user)| user).map_err(|_| ServiceError::PersonNotFound)
}

pub(super) fn address(user: UserId) -> String {
    format!("/people/{user}")
}

async fn person(
    app: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    user: UserId,
    shown: Shown,
) -> Result<Response, ApiError> {
    let found = app.services.person_details(caller, user).await?;
    let ban =
        found.ban.map(|ban| BanInForce { until: ban.until, reason: ban.reason, by: ban.made_by, lift: ban.may_lift });
    let frame = frame_for(app, caller, headers, address(user));
    let person = PersonPage {
        user: found.user,
        role: found.role,
        colour: found.colour,
        online: found.online,
        seen_at: found.seen_at,
        me: found.permissions.is_caller,
        message: found.permissions.message,
        moderate: found.permissions.moderate,
        roles: found.permissions.roles,
        reset: found.permissions.reset_password,
        muted: found.muted_until,
        ban,
        link: shown.link,
        notice: shown.notice,
        problem: shown.problem,
        typed: shown.typed,
        clock: clock_of(headers),
    };
    Ok(page(shown.status, frame.i18n, person.page(frame)))
}

/// A form as it was sent: by whom, about whom.
pub(super) struct Sent<'a> {
    pub(super) app: &'a AppState,
    pub(super) caller: Caller,
    pub(super) headers: &'a HeaderMap,
    pub(super) user: UserId,
}

impl Sent<'_> {
    /// On to the page that says what was done, or the page with what was wrong at a field.
    pub(super) async fn end(
        self,
        done: Result<(), ServiceError>,
        code: &str,
        at: &'static str,
        typed: TypedBan,
    ) -> Result<Response, ApiError> {
        let failure: ApiError = match done {
            Ok(()) => return Ok(Redirect::to(&format!("{}?done={code}", address(self.user))).into_response()),
            Err(error) => error.into(),
        };
        let i18n = frame(self.headers, "").i18n;
        let text = match failure.code() {
            error_code::FORBIDDEN if at != id::ROLE => i18n.t(Key::ManageLimits).to_owned(),
            _ => explain(i18n, &failure),
        };
        // Who may not do it, or not to this person, has no such field.
        let at = if matches!(failure.code(), error_code::FORBIDDEN | error_code::NOT_FOUND) { id::PERSON } else { at };
        let shown = Shown { status: failure.status(), problem: Some(Problem { at, text }), typed, ..Shown::default() };
        Ok(failure.with_page(person(self.app, &self.caller, self.headers, self.user, shown).await?))
    }
}

/// `POST /people/{user}/message`: on to the room of the two.
pub(super) async fn message(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
) -> Result<Response, ApiError> {
    let request = OpenDirectRequest { users: vec![id_of(user)?] };
    let opened = app.services.open_direct_room(&caller, request).await?;
    Ok(Redirect::to(&format!("/r/{}", opened.room.id)).into_response())
}

#[derive(Deserialize)]
pub(super) struct Role {
    #[serde(default)]
    role: String,
}

/// `POST /people/{user}/role`
pub(super) async fn appoint(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Role>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    // A text that is not a role becomes one that the service rejects.
    let role = ServerRole::ALL.into_iter().find(|role| role.as_str() == form.role).unwrap_or(ServerRole::Guest);
    let done = app.services.change_role(&caller, user, ChangeRoleRequest { role }).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "role", id::ROLE, TypedBan::default()).await
}

/// `POST /people/{user}/reset`. Answers with its page instead of a redirect: the link is shown once and must not be in an
/// address.
pub(super) async fn make_reset(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    user: Who,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    match app.services.create_reset_link(&caller, user).await {
        Ok(created) => {
            let shown = Shown { link: Some(link_to(&app, &headers, &created.link)), ..Shown::default() };
            person(&app, &caller, &headers, user, shown).await
        }
        Err(error) => {
            let sent = Sent { app: &app, caller, headers: &headers, user };
            sent.end(Err(error), "", id::PERSON, TypedBan::default()).await
        }
    }
}
