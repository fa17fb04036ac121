//! `/people`: everyone with an account; `/people/bans`: the bans in force.

use leptos::prelude::*;
use parlor_protocol::{
    Millis, User,
    http::{BanInfo, Person},
    limits,
};

use super::{
    elements::{ActionButton, Avatar, Entries, LastSeen, Pagination, Time, role_name},
    fields::{SubmitButton, TextField},
    form::{FieldError, PageNotice, PostForm},
};
use crate::i18n::{I18n, Key};

/// The form that the boxes beside people belong to. Each person has a form of their own as well.
const SELECTION_FORM: &str = "selection";

/// Someone in the list.
#[derive(Clone, Debug)]
pub struct PersonRow {
    pub person: Person,
    /// The person is the reader.
    pub is_me: bool,
    pub may_message: bool,
    /// Whether there is something that the reader may manage.
    pub may_manage: bool,
}

/// `query`: what was searched for. `next`: the address of the next page. `is_first`: whether this is the first page.
#[component]
pub fn PeoplePage(people: Vec<PersonRow>, query: String, next: Option<String>, is_first: bool) -> impl IntoView {
    let first = (!is_first || !query.is_empty()).then_some(("/people".to_owned(), Key::FirstPage));
    let links = [first, next.map(|next| (next, Key::NextPage))];
    let selectable = people.iter().filter(|row| row.may_message).count() > 1;
    let rows = people.into_iter().map(|row| view! { <Row row selectable /> }.into_any()).collect();
    view! {
        <h1>{I18n::current().t(Key::People)}</h1>
        <PageNotice />
        <form method="get" action="/people" role="search" class="line" data-testid="search-form">
            <TextField id="search" name="q" label=Key::SearchByName value=query max_length=limits::MAX_NAME_CHARS />
            <SubmitButton label=Key::Search />
        </form>
        <Entries rows empty=Key::NoPeopleFound />
        {selectable.then(|| view! { <MessageSelected /> })}
        <Pagination links />
    }
}

/// Writes to several people at once.
#[component]
fn MessageSelected() -> impl IntoView {
    let max = limits::MAX_DIRECT_PEOPLE.to_string();
    view! {
        <PostForm action="/people" id=SELECTION_FORM test_id="selection-form">
            <p class="soft">{I18n::current().format(Key::MessageSelectedHelp, &[("n", &max)])}</p>
            <FieldError name="user" />
            <SubmitButton label=Key::MessageSelected />
        </PostForm>
    }
}

#[component]
fn Row(row: PersonRow, selectable: bool) -> impl IntoView {
    let i18n = I18n::current();
    let Person { id, name, role, colour, online, seen_at, .. } = row.person;
    let about = format!("person-{id}");
    let message = row.may_message.then(|| {
        let action = format!("/people/{id}/message");
        view! { <ActionButton action label=Key::SendMessage class="small" about=about.clone() /> }
    });
    let select = (row.may_message && selectable).then(|| {
        let label = i18n.format(Key::SelectPerson, &[("name", &name)]);
        view! {
            <input type="checkbox" name="user" value=id.to_string() form=SELECTION_FORM aria-label=label class="choose" />
        }
    });
    let manage = row.may_manage.then(|| {
        let label = i18n.format(Key::ManagePerson, &[("name", &name)]);
        view! {
            <a class="button small" href=format!("/people/{id}") aria-label=label data-testid="manage">
                {i18n.t(Key::Manage)}
            </a>
        }
    });
    view! {
        <li data-testid="person">
            <Avatar user=id name=name.clone() colour />
            <div id=about class="who">
                <p class="about-name">
                    {name}
                    {row.is_me.then(|| view! { <span class="mine">{i18n.t(Key::You)}</span> })}
                </p>
                <p class="soft">{role_name(role)}</p>
                <LastSeen online seen_at />
            </div>
            <div class="acts">{message} {manage} {select}</div>
        </li>
    }
}

/// A ban in the list.
#[derive(Clone, Debug)]
pub struct BanRow {
    pub ban: BanInfo,
    pub may_lift: bool,
}

#[component]
pub fn BansPage(bans: Vec<BanRow>) -> impl IntoView {
    let rows = bans.into_iter().map(|row| view! { <Ban row /> }.into_any()).collect();
    view! {
        <h1>{I18n::current().t(Key::Bans)}</h1>
        <PageNotice />
        <Entries rows empty=Key::NoBans />
    }
}

#[component]
fn Ban(row: BanRow) -> impl IntoView {
    let i18n = I18n::current();
    let BanInfo { user: User { id, name, colour, .. }, reason, address, made_by, until, .. } = row.ban;
    let about = format!("ban-{id}");
    let lift = row.may_lift.then(|| {
        view! {
            <ActionButton action=format!("/people/{id}/lift") label=Key::Unban class="small" about=about.clone()>
                <input type="hidden" name="list" value="1" />
            </ActionButton>
        }
    });
    view! {
        <li data-testid="ban">
            <Avatar user=id name=name.clone() colour />
            <div id=about class="who">
                <p>
                    <a class="about-name" href=format!("/people/{id}")>
                        {name}
                    </a>
                </p>
                <p>{reason}</p>
                <p class="soft">
                    <BanEnd until /> " · " {i18n.format(Key::BannedBy, &[("name", &made_by.name)])}
                    {address.then(|| [" · ", i18n.t(Key::AddressIncluded)])}
                </p>
            </div>
            <div class="acts">{lift}</div>
        </li>
    }
}

/// When a ban ends.
#[component]
pub(super) fn BanEnd(until: Option<Millis>) -> impl IntoView {
    match until {
        Some(at) => view! { <Time at text=Key::BannedUntil /> }.into_any(),
        None => I18n::current().t(Key::BannedPermanently).into_any(),
    }
}
