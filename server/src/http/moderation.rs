//! Bans and mutes, and the log of all acts of power.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
    http::StatusCode,
};
use parlor_protocol::{
    RoomId, UserId, error_code,
    http::{AuditPage, BanList, BanRequest, MuteRequest},
    limits,
    validate::{self, ValidationError},
};
use serde::Deserialize;

use super::{ApiError, App, Caller, SameOrigin, fields::Fields, rooms::may};
use crate::{
    clock,
    domain::{self, ModerationOutcome},
    policy::{RoomAct, ServerAct},
};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

type User = Result<Path<UserId>, PathRejection>;

/// `POST /api/people/{user}/ban`: they are sent away at once and do not come in any more.
pub(super) async fn ban(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: User,
    Fields(new): Fields<BanRequest>,
) -> Result<StatusCode, ApiError> {
    caller.must(&app, ServerAct::Moderate)?;
    let Path(user) = user.map_err(|_| ApiError::no_such_person())?;
    if new.hours.is_some_and(|hours| !(1..=limits::MAX_BAN_HOURS).contains(&hours)) {
        let message = format!("\"hours\" is 1 to {}, or left out for ever.", limits::MAX_BAN_HOURS);
        return Err(ApiError::bad_request(message));
    }
    let reason = validate::reason(&new.reason).map_err(|invalid| {
        let message = match invalid {
            ValidationError::Empty => "A ban needs a \"reason\".".into(),
            other => format!("That reason will not do. {other}"),
        };
        ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, invalid.code(), message)
    })?;
    let ban = domain::NewBan {
        user,
        by: caller.user.id,
        reason,
        until: new.hours.map(|hours| clock::now().saturating_add(i64::from(hours) * HOUR)),
        address: new.address,
    };
    let address = done(app.live.store.ban(ban).await?, ApiError::no_such_person)?;
    app.send_away(|connection| connection.user.id == user);
    if let Some(address) = address {
        let guests = app.live.store.guests_from(address).await?;
        app.send_away(|connection| guests.contains(&connection.session));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /api/people/{user}/ban`
pub(super) async fn lift_ban(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: User,
) -> Result<StatusCode, ApiError> {
    caller.must(&app, ServerAct::Moderate)?;
    let Path(user) = user.map_err(|_| ApiError::no_such_person())?;
    let lifted = app.live.store.lift_ban(user, caller.user.id).await?;
    done(lifted, || ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "They are not banned."))?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /api/bans`: those in force.
pub(super) async fn bans(caller: Caller, State(app): State<App>) -> Result<Json<BanList>, ApiError> {
    caller.must(&app, ServerAct::Moderate)?;
    Ok(Json(BanList { bans: app.live.store.bans(limits::MAX_BANS_LISTED).await? }))
}

/// `POST /api/people/{user}/mute`: in a room by who looks after it, on the whole server by who moderates it.
pub(super) async fn mute(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: User,
    Fields(new): Fields<MuteRequest>,
) -> Result<StatusCode, ApiError> {
    must_moderate(&app, &caller, new.room.as_ref()).await?;
    let Path(user) = user.map_err(|_| ApiError::no_such_person())?;
    if !(1..=limits::MAX_MUTE_MINUTES).contains(&new.minutes) {
        return Err(ApiError::bad_request(format!("\"minutes\" is 1 to {}.", limits::MAX_MUTE_MINUTES)));
    }
    let by = not_oneself(&caller, user)?;
    let until = clock::now().saturating_add(i64::from(new.minutes) * MINUTE);
    let mute = domain::NewMute { user, by, room: new.room, until };
    done(app.live.store.mute(mute).await?, ApiError::no_such_person)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct Where {
    pub(super) room: Option<RoomId>,
}

/// `DELETE /api/people/{user}/mute?room=`
pub(super) async fn unmute(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: User,
    query: Result<Query<Where>, QueryRejection>,
) -> Result<StatusCode, ApiError> {
    let Query(Where { room }) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    must_moderate(&app, &caller, room.as_ref()).await?;
    let Path(user) = user.map_err(|_| ApiError::no_such_person())?;
    let by = not_oneself(&caller, user)?;
    let ended = app.live.store.unmute(user, room, by).await?;
    done(ended, || ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "They are not muted there."))?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
pub(super) struct PageOf {
    pub(super) before: Option<i64>,
    pub(super) limit: Option<u32>,
}

/// `GET /api/audit`: what was done to whom by whom, a page at a time.
pub(super) async fn audit(
    caller: Caller,
    State(app): State<App>,
    query: Result<Query<PageOf>, QueryRejection>,
) -> Result<Json<AuditPage>, ApiError> {
    caller.must(&app, ServerAct::Audit)?;
    let Query(page) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let limit = page.limit.unwrap_or(limits::AUDIT_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
    Ok(Json(AuditPage { entries: app.live.store.audit(page.before, limit).await? }))
}

/// Refuses who may mute nobody there; the rest is decided in the transaction.
async fn must_moderate(app: &App, caller: &Caller, room: Option<&RoomId>) -> Result<(), ApiError> {
    match room {
        Some(room) => may(app, caller, RoomAct::Mute, room).await.map(drop),
        None => caller.must(app, ServerAct::Moderate),
    }
}

/// Nobody frees themselves.
fn not_oneself(caller: &Caller, user: UserId) -> Result<UserId, ApiError> {
    if caller.user.id == user { Err(ApiError::not_allowed("That is not for oneself.")) } else { Ok(caller.user.id) }
}

fn done<T>(outcome: ModerationOutcome<T>, nothing: impl FnOnce() -> ApiError) -> Result<T, ApiError> {
    match outcome {
        ModerationOutcome::Done(what) => Ok(what),
        ModerationOutcome::NotFound => Err(nothing()),
        ModerationOutcome::Forbidden => {
            Err(ApiError::not_allowed("Only for people below you; and what another has imposed, an admin changes."))
        }
    }
}
