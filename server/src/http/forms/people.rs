//! `/people`: everyone with an account; `/people/bans`: who may not come in.

use axum::{
    Form,
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use parlor_app::{
    forms::{BanRow, Banned, PeopleList, PersonRow},
    i18n::Key,
};
use parlor_protocol::{
    UserId,
    http::{OpenDirectRequest, Person},
    limits,
};
use serde::Deserialize;
use uuid::Uuid;

use super::{BANS, PEOPLE, clock_of, frame, frame_for, notice, page, reader::Reader};
use crate::{
    http::{ApiError, AppState, SameOrigin, people::PeopleQuery},
    services::{Caller, ServiceError},
};

/// `GET /people`
pub(super) async fn list(
    Reader(caller): Reader,
    State(app): State<AppState>,
    query: Result<Query<PeopleQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    shown(&app, &caller, &headers, query, StatusCode::OK, None).await
}

/// `POST /people`: on to the direct room of the reader and those who were chosen.
pub(super) async fn message(
    _origin: SameOrigin,
    Reader(caller): Reader,
    State(app): State<AppState>,
    headers: HeaderMap,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, ApiError> {
    let chosen = fields.iter().filter(|(name, _)| name == "user");
    // What is no id is nobody's.
    let users = chosen.map(|(_, id)| Uuid::try_parse(id).map(UserId).map_err(|_| ServiceError::PersonNotFound));
    let users = users.collect::<Result<Vec<_>, _>>()?;
    match app.services.open_direct_room(&caller, OpenDirectRequest { users }).await {
        Ok(opened) => Ok(Redirect::to(&format!("/r/{}", opened.room.id)).into_response()),
        Err(ServiceError::InvalidDirectPeople) => {
            let i18n = frame(&headers, PEOPLE).i18n;
            let most = limits::MAX_DIRECT_PEOPLE.to_string();
            let problem = i18n.format(Key::SelectionLimits, &[("n", &most)]);
            let everyone = Ok(Query(PeopleQuery::default()));
            shown(&app, &caller, &headers, everyone, StatusCode::BAD_REQUEST, Some(problem)).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn shown(
    app: &AppState,
    caller: &Caller,
    headers: &HeaderMap,
    query: Result<Query<PeopleQuery>, QueryRejection>,
    status: StatusCode,
    problem: Option<String>,
) -> Result<Response, ApiError> {
    let Query(query) = query.map_err(|error| ApiError::bad_request(error.body_text()))?;
    let (q, later) = (query.q.trim().to_owned(), query.after.as_ref().is_some_and(|after| !after.is_empty()));
    let found = app.services.list_people(caller, &query.q, query.after.as_deref(), query.limit).await?;
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

fn row(app: &AppState, caller: &Caller, person: Person) -> PersonRow {
    let permissions = app.services.person_permissions(caller, person.id, person.kind, person.role);
    PersonRow { me: permissions.is_caller, message: permissions.message, manage: permissions.can_manage(), person }
}

#[derive(Deserialize)]
pub(super) struct BansQuery {
    #[serde(default)]
    done: String,
}

/// `GET /people/bans`
pub(super) async fn bans(
    Reader(caller): Reader,
    State(app): State<AppState>,
    Query(query): Query<BansQuery>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let bans = app.services.list_bans_to_lift(&caller).await?;
    let bans = bans.into_iter().map(|listed| BanRow { ban: listed.ban, lift: listed.may_lift }).collect();
    let notice = notice(&[("lifted", Key::UserUnbanned)], &query.done);
    let frame = frame_for(&app, &caller, &headers, BANS);
    let banned = Banned { bans, notice, clock: clock_of(&headers) };
    Ok(page(StatusCode::OK, frame.i18n, banned.page(frame)))
}
