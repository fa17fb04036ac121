//! `/people`: everyone with an account; `/people/bans`: who may not come in.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{
    User,
    http::{BanInfo, Person},
    limits,
};

use super::{
    Frame,
    blocks::{Clock, avatar, button, seen, status},
    parts::{self, Field},
};
use crate::i18n::{I18n, Key};

/// Someone in the list.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// Who.
    pub person: Person,
    /// It is the reader.
    pub me: bool,
    /// Whether the reader may write to them.
    pub message: bool,
    /// Whether there is something that the reader may do about them.
    pub manage: bool,
}

/// `/people`.
#[derive(Clone, Debug)]
pub struct PeopleList {
    /// A page of them, by name.
    pub people: Vec<PersonRow>,
    /// What was searched for.
    pub query: String,
    /// The address of the next page; none on the last.
    pub next: Option<String>,
    /// Whether it is a page after the first.
    pub later: bool,
    /// What was wrong with the choice of people to write to.
    pub problem: Option<String>,
    /// How times are told.
    pub clock: Clock,
}

impl PeopleList {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let (i18n, clock) = (frame.i18n, self.clock);
        let (searched, none) = (!self.query.is_empty(), self.people.is_empty());
        let search = Field::text("search", "q", i18n.t(Key::SearchByName), self.query, limits::MAX_NAME_CHARS);
        let first = (self.later || searched).then_some(("/people".to_owned(), Key::FirstPage));
        let pages = [first, self.next.map(|next| (next, Key::NextPage))];
        let several = self.people.iter().filter(|row| row.message).count() > 1;
        let together = several.then(|| together(i18n, self.problem));
        let rows = self.people.into_iter().map(move |row| person_row(i18n, clock, row, several));
        let body = view! {
            <h1>{i18n.t(Key::People)}</h1>
            <form method="get" action="/people" role="search" class="line" data-testid="search-form">
                {search.view(None)}
                <button type="submit" class="button">
                    {i18n.t(Key::Search)}
                </button>
            </form>
            {if none {
                Either::Left(view! { <p class="soft">{i18n.t(Key::NoPeopleFound)}</p> })
            } else {
                Either::Right(view! { <ul class="entries">{rows.collect_view()}</ul> })
            }}
            {together}
            {paging(i18n, pages)}
        };
        frame.document(i18n.t(Key::People), body)
    }
}

/// The form that the boxes beside people belong to: each has forms of its own as well.
const TOGETHER: &str = "together";

/// To write to several people at once.
fn together(i18n: I18n, problem: Option<String>) -> impl IntoView {
    let most = limits::MAX_DIRECT_PEOPLE.to_string();
    view! {
        <form id=TOGETHER method="post" action="/people" data-testid="together-form">
            <p class="soft">{i18n.format(Key::MessageSelectedHelp, &[("n", &most)])}</p>
            {problem.map(|problem| view! { <p class="help">{parts::problem_line(problem)}</p> })}
            <button type="submit" class="button">
                {i18n.t(Key::MessageSelected)}
            </button>
        </form>
    }
}

/// Ways to other pages of a list.
pub(super) fn paging(i18n: I18n, pages: [Option<(String, Key)>; 2]) -> Option<AnyView> {
    let ways: Vec<_> = pages.into_iter().flatten().collect();
    let links = |(to, say)| {
        view! {
            <a class="button" href=to>
                {i18n.t(say)}
            </a>
        }
    };
    (!ways.is_empty()).then(|| view! { <p class="paging">{ways.into_iter().map(links).collect_view()}</p> }.into_any())
}

fn person_row(i18n: I18n, clock: Clock, row: PersonRow, several: bool) -> impl IntoView {
    let Person { id, name, role, colour, online, seen_at, .. } = row.person;
    let about = format!("person-{id}");
    let message =
        row.message.then(|| button(format!("/people/{id}/message"), i18n.t(Key::SendMessage), "small", &about));
    let choose = (row.message && several).then(|| {
        let label = i18n.format(Key::SelectPerson, &[("name", &name)]);
        view! { <input type="checkbox" name="user" value=id.to_string() form=TOGETHER aria-label=label class="choose" /> }
    });
    let manage = row.manage.then(|| {
        let label = i18n.format(Key::ManagePerson, &[("name", &name)]);
        view! {
            <a class="button small" href=format!("/people/{id}") aria-label=label data-testid="manage">
                {i18n.t(Key::Manage)}
            </a>
        }
    });
    view! {
        <li data-testid="person">
            {avatar(id, &name, colour)}
            <div id=about class="who">
                <p class="about-name">
                    {name}
                    {row.me.then(|| view! { <span class="mine">{i18n.t(Key::You)}</span> })}
                </p>
                <p class="soft">{parts::role(i18n, role)}</p>
                {seen(i18n, clock, online, seen_at)}
            </div>
            <div class="acts">{message} {manage} {choose}</div>
        </li>
    }
}

/// A ban in the list.
#[derive(Clone, Debug)]
pub struct BanRow {
    /// The ban.
    pub ban: BanInfo,
    /// Whether the reader may lift it.
    pub lift: bool,
}

/// `/people/bans`.
#[derive(Clone, Debug)]
pub struct Banned {
    /// Those in force, the newest first.
    pub bans: Vec<BanRow>,
    /// What has come of the last form.
    pub notice: Option<Key>,
    /// How times are told.
    pub clock: Clock,
}

impl Banned {
    /// The document.
    #[must_use]
    pub fn page(self, frame: Frame) -> String {
        let (i18n, clock) = (frame.i18n, self.clock);
        let none = self.bans.is_empty();
        let rows = self.bans.into_iter().map(move |row| ban_row(i18n, clock, row));
        let body = view! {
            <h1>{i18n.t(Key::Bans)}</h1>
            {self.notice.map(|notice| status(i18n, notice))}
            {if none {
                Either::Left(view! { <p class="soft">{i18n.t(Key::NoBans)}</p> })
            } else {
                Either::Right(view! { <ul class="entries">{rows.collect_view()}</ul> })
            }}
        };
        frame.document(i18n.t(Key::Bans), body)
    }
}

fn ban_row(i18n: I18n, clock: Clock, row: BanRow) -> impl IntoView {
    let BanInfo { user: User { id, name, colour, .. }, reason, address, made_by, until, .. } = row.ban;
    let about = format!("ban-{id}");
    let lift = row.lift.then(|| {
        view! {
            <form method="post" action=format!("/people/{id}/lift")>
                <input type="hidden" name="list" value="1" />
                <button type="submit" class="button small" aria-describedby=about.clone()>
                    {i18n.t(Key::Unban)}
                </button>
            </form>
        }
    });
    view! {
        <li data-testid="ban">
            {avatar(id, &name, colour)}
            <div id=about.clone() class="who">
                <p>
                    <a class="about-name" href=format!("/people/{id}")>
                        {name}
                    </a>
                </p>
                <p>{reason}</p>
                <p class="soft">
                    {ban_until(i18n, clock, until)} " · "
                    {i18n.format(Key::BannedBy, &[("name", &made_by.name)])}
                    {address.then(|| [" · ", i18n.t(Key::AddressIncluded)])}
                </p>
            </div>
            <div class="acts">{lift}</div>
        </li>
    }
}

/// Until when someone may not come in.
pub(super) fn ban_until(i18n: I18n, clock: Clock, until: Option<i64>) -> impl IntoView + use<> {
    match until {
        Some(until) => Either::Left(clock.moment(i18n, until, Key::BannedUntil)),
        None => Either::Right(i18n.t(Key::BannedPermanently)),
    }
}
