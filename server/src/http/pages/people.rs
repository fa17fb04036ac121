//! `/people` and `/people/bans`.

use axum::response::{IntoResponse, Redirect};
use leptos::prelude::*;
use parlor_app::{
    i18n::Key,
    pages::{BanRow, BansPage, FormState, PeoplePage, PersonRow},
};
use parlor_protocol::{
    UserId,
    http::{OpenDirectRequest, Person},
};
use uuid::Uuid;

use super::{
    BANS, PEOPLE,
    request::{PageForm, PageRequest},
    respond::{FormPage, NoticeQuery, PageResult},
};
use crate::{
    http::{QueryParams, people::PeopleQuery},
    services::{Caller, ServiceError},
};

#[derive(Default)]
struct People(PeopleQuery);

impl FormPage for People {
    type Caller = Caller;

    fn path(&self) -> String {
        PEOPLE.into()
    }

    async fn render(&self, request: &PageRequest, form: FormState) -> PageResult {
        let PeopleQuery { q, after, limit } = &self.0;
        let (services, caller) = (&request.app.services, &request.caller);
        let found = services.list_people(caller, q, after.as_deref(), *limit).await?;
        let is_first = after.as_ref().is_none_or(String::is_empty);
        let query = q.trim().to_owned();
        let next = found.next.and_then(|next| serde_urlencoded::to_string([("q", &query), ("after", &next)]).ok());
        let next = next.map(|query| format!("{PEOPLE}?{query}"));
        let row = |person: Person| {
            let permissions = services.person_permissions(caller, person.id, person.kind, person.role);
            PersonRow {
                is_me: permissions.is_caller,
                may_message: permissions.message,
                may_manage: permissions.can_manage(),
                person,
            }
        };
        let people: Vec<_> = found.people.into_iter().map(row).collect();
        let title = request.i18n.t(Key::People);
        Ok(request.page(self.path(), title, form, || view! { <PeoplePage people query next is_first /> }))
    }
}

/// `GET /people`
pub(super) async fn show(request: PageRequest, QueryParams(query): QueryParams<PeopleQuery>) -> PageResult {
    People(query).render(&request, FormState::default()).await
}

/// `POST /people`: opens the direct room of the caller and the people who were selected.
pub(super) async fn message_selected(request: PageRequest, form: PageForm<Vec<(String, String)>>) -> PageResult {
    let (fields, at) = form.split("user");
    let ids = fields.iter().filter(|(name, _)| name == "user").map(|(_, id)| Uuid::try_parse(id).map(UserId));
    let users = ids.collect::<Result<_, _>>().map_err(|_| ServiceError::PersonNotFound)?;
    match request.app.services.open_direct_room(&request.caller, OpenDirectRequest { users }).await {
        Ok(opened) => Ok(Redirect::to(&format!("/r/{}", opened.room.id)).into_response()),
        Err(error) => request.reject(&People::default(), error, at).await,
    }
}

/// `GET /people/bans`
pub(super) async fn show_bans(request: PageRequest, QueryParams(notice): QueryParams<NoticeQuery>) -> PageResult {
    let bans = request.app.services.list_bans_to_lift(&request.caller).await?;
    let bans: Vec<_> = bans.into_iter().map(|row| BanRow { ban: row.ban, may_lift: row.may_lift }).collect();
    let title = request.i18n.t(Key::Bans);
    Ok(request.page(BANS.into(), title, notice.into(), || view! { <BansPage bans /> }))
}
