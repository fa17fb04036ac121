//! `/people`: everyone with an account; `/people/bans`: who may not come in.

use axum::{
    Form, Json,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{BanRow, Banned, PeopleList, PersonRow},
    i18n::Key,
};
use parlor_protocol::{
    ServerRole, UserId, UserKind,
    http::{OpenDirectRequest, Person},
    limits,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{BANS, PEOPLE, clock_of, frame, frame_for, notice, page, person::Over, reader::Reader};
use crate::{
    http::{ApiError, App, Caller, SameOrigin, fields::Fields, moderation, people, rooms},
    policy::ServerAct,
};

/// `GET /people`
pub(super) async fn list(
    Reader(caller): Reader,
    State(app): State<App>,
    query: Result<Query<people::Search>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    shown(&app, &caller, &headers, query, StatusCode::OK, None).await
}

/// `POST /people`: on to the direct room of the reader and those who were chosen.
pub(super) async fn message(
    origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<App>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let chosen = fields.iter().filter(|(name, _)| name == "user");
    // What is no id is nobody's.
    let users = chosen.map(|(_, id)| Uuid::try_parse(id).map(UserId).map_err(|_| ApiError::no_such_person()));
    let users = users.collect::<Result<Vec<_>, _>>()?;
    let made = rooms::direct(origin, caller.clone(), State(app.clone()), Fields(OpenDirectRequest { users })).await;
    match made {
        Ok(Json(made)) => Ok(Redirect::to(&format!("/r/{}", made.room.id)).into_response()),
        Err(failure) if failure.status() == StatusCode::BAD_REQUEST => {
            let i18n = frame(&headers, PEOPLE).i18n;
            let most = limits::MAX_DIRECT_PEOPLE.to_string();
            let problem = i18n.format(Key::SelectionLimits, &[("n", &most)]);
            let everyone = Ok(Query(people::Search::default()));
            shown(&app, &caller, &headers, everyone, failure.status(), Some(problem)).await
        }
        Err(failure) => Err(failure),
    }
}

async fn shown(
    app: &App,
    caller: &Caller,
    headers: &HeaderMap,
    query: Result<Query<people::Search>, QueryRejection>,
    status: StatusCode,
    problem: Option<String>,
) -> Result<Response, ApiError> {
    let (q, later) = query.as_ref().map_or_else(
        |_| (String::new(), false),
        |Query(search)| (search.q.trim().to_owned(), search.after.as_ref().is_some_and(|after| !after.is_empty())),
    );
    let Json(found) = people::list(caller.clone(), State(app.clone()), query).await?;
    let next = found.next.and_then(|next| serde_urlencoded::to_string([("q", q.as_str()), ("after", &next)]).ok());
    let people = found.people.into_iter().map(|person| row(app, caller, person)).collect();
    let list = PeopleList {
        people,
        query: q,
        next: next.map(|query| format!("{PEOPLE}?{query}")),
        later,
        problem,
        clock: clock_of(headers),
    };
    let frame = frame_for(app, caller, headers, PEOPLE);
    Ok(page(status, frame.i18n, list.page(frame)))
}

fn row(app: &App, caller: &Caller, person: Person) -> PersonRow {
    let me = person.id == caller.user.id;
    let message = !me && caller.actor(app).can(ServerAct::CreateDirect);
    let manage = Over::of(app, caller, person.kind, person.role).is_something();
    PersonRow { person, me, message, manage }
}

#[derive(Deserialize)]
pub(super) struct BansQuery {
    #[serde(default)]
    done: String,
}

/// `GET /people/bans`
pub(super) async fn bans(
    Reader(caller): Reader,
    State(app): State<App>,
    Query(query): Query<BansQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let Json(found) = moderation::bans(caller.clone(), State(app.clone())).await?;
    let mut bans = Vec::with_capacity(found.bans.len());
    for ban in found.bans {
        let account = match ban.user.kind {
            UserKind::Account => app.live.store.account_of(ban.user.id).await?,
            UserKind::Guest => None,
        };
        let over = Over::of(&app, &caller, ban.user.kind, account.map_or(ServerRole::Guest, |account| account.role));
        let lift = over.may_lift(ban.made_by.id);
        bans.push(BanRow { ban, lift });
    }
    let notice = notice(&[("lifted", Key::UserUnbanned)], &query.done);
    let frame = frame_for(&app, &caller, &headers, BANS);
    let banned = Banned { bans, notice, clock: clock_of(&headers) };
    Ok(page(StatusCode::OK, frame.i18n, banned.page(frame)))
}
