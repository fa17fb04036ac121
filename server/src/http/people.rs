//! The people of the server and their roles.

use axum::{
    Json,
    extract::{Path, Query, State, rejection::PathRejection, rejection::QueryRejection},
    http::StatusCode,
};
use parlor_protocol::{
    Millis, ServerRole, UserId, error_code,
    http::{ChangeRoleRequest, PeoplePage},
    limits,
};
use serde::Deserialize;

use super::{ApiError, App, Caller, SameOrigin, fields::Fields};
use crate::{
    accounts::names,
    domain::RoleChangeOutcome,
    policy::{Actor, ServerAct},
};

#[derive(Default, Deserialize)]
pub(super) struct Search {
    #[serde(default)]
    pub(super) q: String,
    pub(super) after: Option<String>,
    pub(super) limit: Option<u32>,
}

/// `GET /api/people`: those with an account, by name, a page at a time.
pub(super) async fn list(
    caller: Caller,
    State(app): State<App>,
    query: Result<Query<Search>, QueryRejection>,
) -> Result<Json<PeoplePage>, ApiError> {
    caller.must(&app, ServerAct::ListPeople)?;
    let Query(search) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let limit = search.limit.unwrap_or(limits::PEOPLE_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
    let mut page = app.live.store.people(&names::key(&search.q), search.after.as_deref(), limit).await?;
    for person in &mut page.people {
        (person.online, person.seen_at) = app.seen(person.id, person.seen_at);
    }
    Ok(Json(page))
}

impl App {
    /// Whether someone is connected, and else when they last were: what is stored, or what is about to be.
    pub(super) fn seen(&self, user: UserId, stored: Option<Millis>) -> (bool, Option<Millis>) {
        let (online, gone) = self.live.hub.is_online(user);
        (online, gone.or(stored).filter(|_| !online))
    }
}

/// `POST /api/people/{user}/role`: gives someone below oneself another role below one's own; an owner can make owners.
pub(super) async fn appoint(
    _origin: SameOrigin,
    caller: Caller,
    State(app): State<App>,
    user: Result<Path<UserId>, PathRejection>,
    Fields(new): Fields<ChangeRoleRequest>,
) -> Result<StatusCode, ApiError> {
    caller.must(&app, ServerAct::Appoint)?;
    let Path(user) = user.map_err(|_| no_such_person())?;
    if new.role == ServerRole::Guest {
        return Err(ApiError::bad_request("Someone with an account is a member at least."));
    }
    match app.live.store.give_role(caller.user.id, user, new.role).await? {
        RoleChangeOutcome::Changed => {
            app.live.hub.set_role(user, new.role);
            app.renew(|connection| connection.user.id == user);
            Ok(StatusCode::NO_CONTENT)
        }
        RoleChangeOutcome::NotFound => Err(no_such_person()),
        RoleChangeOutcome::Forbidden => {
            Err(ApiError::not_allowed("You can give roles below your own to people whose role is below yours."))
        }
    }
}

pub(super) fn no_such_person() -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, error_code::NOT_FOUND, "There is nobody of that id who has an account.")
}

/// Whether someone with the first role may give someone with the second the third.
pub(super) fn may_appoint(mine: ServerRole, from: ServerRole, to: ServerRole) -> bool {
    let actor = Actor { role: mine, lobby_only: false, muted: false };
    let may_give = actor.outranks(to) || mine == ServerRole::Owner;
    actor.can(ServerAct::Appoint) && actor.outranks(from) && may_give
}

impl Caller {
    /// As far as rights on the server go.
    pub(super) fn actor(&self, app: &App) -> Actor {
        app.live.actor(self.role)
    }

    /// Refuses with 403 what they may not do on the server.
    pub(super) fn must(&self, app: &App, act: ServerAct) -> Result<(), ApiError> {
        if self.actor(app).can(act) {
            return Ok(());
        }
        Err(ApiError::not_allowed("That is not for someone of your role."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_gives_what_they_do_not_have() {
        use ServerRole::{Admin, Member, Moderator, Owner};
        for (mine, from, to) in [
            (Admin, Member, Moderator),
            (Admin, Moderator, Member),
            (Owner, Admin, Member),
            (Owner, Member, Admin),
            (Owner, Member, Owner),
        ] {
            assert!(may_appoint(mine, from, to), "{mine:?} {from:?} {to:?}");
        }
        for (mine, from, to) in [
            (Admin, Member, Admin),
            (Admin, Admin, Member),
            (Admin, Owner, Member),
            (Admin, Member, Owner),
            (Moderator, Member, Member),
            (Owner, Owner, Member),
        ] {
            assert!(!may_appoint(mine, from, to), "{mine:?} {from:?} {to:?}");
        }
    }
}
