//! `/people/…`: one person, and the forms to write to them, give them a role, and make them a link for a new password. Those for
//! mutes and bans are in [`super::restrictions`].

use axum::{
    Form, Json,
    extract::{Path, Query, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{BanInForce, PersonPage, Problem, TypedBan, id},
    i18n::Key,
};
use parlor_protocol::{
    RoomId, ServerRole, User, UserId, UserKind, error_code,
    http::{ChangeRoleRequest, OpenDirectRequest},
    limits, validate,
};
use serde::Deserialize;

use super::{clock_of, explain, frame, frame_for, link_to, notice, page, reader::Reader};
use crate::{
    http::{ApiError, App, Caller, SameOrigin, fields::Fields, passwords, people, rooms},
    policy::{self, Case, Party, ServerAct},
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

/// What someone may do about someone else. The handlers of the API decide it once more.
pub(super) struct Over {
    by: ServerRole,
    on: ServerRole,
    me: UserId,
    roles: Vec<ServerRole>,
    reset: bool,
}

impl Over {
    pub(super) fn of(app: &App, caller: &Caller, kind: UserKind, role: ServerRole) -> Self {
        let account = kind == UserKind::Account;
        let roles = ServerRole::ALL
            .into_iter()
            .filter(|to| account && *to != ServerRole::Guest && people::may_appoint(caller.role, role, *to));
        let actor = caller.actor(app);
        let reset = account && actor.can(ServerAct::ResetPassword) && actor.outranks(role);
        Self { by: caller.role, on: role, me: caller.user.id, roles: roles.collect(), reset }
    }

    fn may_moderate(&self, by_another: bool) -> bool {
        let party = |role| Party { role, moderator: false, maker: false };
        policy::may_moderate(Case { by: party(self.by), on: party(self.on), by_another })
    }

    /// A ban that someone has imposed.
    pub(super) fn may_lift(&self, made_by: UserId) -> bool {
        self.may_moderate(made_by != self.me)
    }

    pub(super) fn is_something(&self) -> bool {
        !self.roles.is_empty() || self.reset || self.may_moderate(false)
    }
}

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
    State(app): State<App>,
    user: Who,
    Query(query): Query<PersonQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    person(&app, &caller, &headers, user, Shown { notice: notice(&DONE, &query.done), ..Shown::default() }).await
}

pub(super) fn id_of(user: Who) -> Result<UserId, ApiError> {
    user.map(|Path(user)| user).map_err(|_| ApiError::no_such_person())
}

pub(super) fn address(user: UserId) -> String {
    format!("/people/{user}")
}

/// Someone with an account is for everyone to see who may see the list; a guest only for those who moderate.
async fn find(app: &App, caller: &Caller, user: UserId) -> Result<(User, ServerRole, Option<u8>), ApiError> {
    caller.must(app, ServerAct::ListPeople)?;
    if let Some(account) = app.live.store.account_of(user).await? {
        return Ok(((*account.user).clone(), account.role, account.colour));
    }
    let guest = app
        .live
        .store
        .person(user)
        .await?
        .filter(|person| person.kind == UserKind::Guest && caller.actor(app).can(ServerAct::Moderate));
    guest.map(|guest| (guest, ServerRole::Guest, None)).ok_or_else(ApiError::no_such_person)
}

async fn person(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    user: UserId,
    shown: Shown,
) -> Result<Response, ApiError> {
    let (found, role, colour) = find(app, caller, user).await?;
    let over = Over::of(app, caller, found.kind, role);
    let (me, actor) = (user == caller.user.id, caller.actor(app));
    let moderates = actor.can(ServerAct::Moderate);
    let muted = app.live.store.mutes_of(user, &RoomId::lobby()).server.filter(|_| moderates);
    let ban = match app.live.store.ban_of(user).filter(|_| moderates) {
        Some(ban) => {
            let bans = app.live.store.bans(limits::MAX_BANS_LISTED).await?;
            let told = bans.into_iter().find(|ban| ban.user.id == user);
            let lift = told.as_ref().is_some_and(|ban| over.may_lift(ban.made_by.id));
            let (reason, by) = told.map(|ban| (ban.reason, ban.made_by.name)).unwrap_or_default();
            Some(BanInForce { until: ban.until, reason, by, lift })
        }
        None => None,
    };
    let (online, seen_at) = app.seen(user, app.live.store.seen_at(user).await?);
    let frame = frame_for(app, caller, headers, address(user));
    let person = PersonPage {
        user: found,
        role,
        colour,
        online,
        seen_at,
        me,
        message: !me && actor.can(ServerAct::CreateDirect),
        moderate: over.may_moderate(false),
        roles: over.roles,
        reset: over.reset,
        muted,
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
    pub(super) app: &'a App,
    pub(super) caller: Caller,
    pub(super) headers: &'a HeaderMap,
    pub(super) user: UserId,
}

impl Sent<'_> {
    /// On to the page that says what was done, or the page with what was wrong at a field.
    pub(super) async fn end(
        self,
        done: Result<StatusCode, ApiError>,
        code: &str,
        at: &'static str,
        typed: TypedBan,
    ) -> Result<Response, ApiError> {
        let failure = match done {
            Ok(_) => return Ok(Redirect::to(&format!("{}?done={code}", address(self.user))).into_response()),
            Err(failure) => failure,
        };
        let i18n = frame(self.headers, "").i18n;
        let text = match failure.code() {
            error_code::FORBIDDEN if at != id::ROLE => i18n.t(Key::ManageLimits).to_owned(),
            error_code::EMPTY => i18n.t(Key::ReasonRequired).to_owned(),
            error_code::TOO_LONG | error_code::BAD_CHARACTERS => validate::reason(&typed.reason)
                .map_or_else(|invalid| i18n.validation_error(invalid), |_| explain(i18n, &failure)),
            _ => explain(i18n, &failure),
        };
        // Who may not do it, or not to this person, has no such field.
        let at = if matches!(failure.code(), error_code::FORBIDDEN | error_code::NOT_FOUND) { id::PERSON } else { at };
        let shown = Shown { status: failure.status(), problem: Some(Problem { at, text }), typed, ..Shown::default() };
        Ok(failure.with_page(person(self.app, &self.caller, self.headers, self.user, shown).await?))
    }

    /// The same, where what was to be ended may have ended already: that is what was wanted.
    pub(super) async fn ended(self, done: Result<StatusCode, ApiError>, code: &str) -> Result<Response, ApiError> {
        match done {
            Err(failure) if failure.code() == error_code::NOT_FOUND => {
                Ok(Redirect::to(&address(self.user)).into_response())
            }
            done => self.end(done, code, id::PERSON, TypedBan::default()).await,
        }
    }
}

/// `POST /people/{user}/message`: on to the room of the two.
pub(super) async fn message(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    let Json(made) = rooms::direct(origin, caller, State(app), Fields(OpenDirectRequest { users: vec![user] })).await?;
    Ok(Redirect::to(&format!("/r/{}", made.room.id)).into_response())
}

#[derive(Deserialize)]
pub(super) struct Role {
    #[serde(default)]
    role: String,
}

/// `POST /people/{user}/role`
pub(super) async fn appoint(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
    Form(form): Form<Role>,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    // What is no role becomes one that the API refuses.
    let role = ServerRole::ALL.into_iter().find(|role| role.as_str() == form.role).unwrap_or(ServerRole::Guest);
    let fields = Fields(ChangeRoleRequest { role });
    let done = people::appoint(origin, caller.clone(), State(app.clone()), Ok(Path(user)), fields).await;
    Sent { app: &app, caller, headers: &headers, user }.end(done, "role", id::ROLE, TypedBan::default()).await
}

/// `POST /people/{user}/reset`. It answers with its page at once: the link is shown once, and belongs into no address.
pub(super) async fn make_reset(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    user: Who,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let user = id_of(user)?;
    match passwords::make_reset(origin, caller.clone(), State(app.clone()), Ok(Path(user))).await {
        Ok((_, Json(made))) => {
            let shown = Shown { link: Some(link_to(&app, &headers, &made.link)), ..Shown::default() };
            person(&app, &caller, &headers, user, shown).await
        }
        Err(failure) => {
            let sent = Sent { app: &app, caller, headers: &headers, user };
            sent.end(Err(failure), "", id::PERSON, TypedBan::default()).await
        }
    }
}
