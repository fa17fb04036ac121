//! Pages with forms: coming in with an account and looking after it, the people of the server, the settings of a room, the
//! audit log. The server makes them whole, they need no script, and nothing of them is in the wasm.

mod account;
mod audit;
mod blocks;
mod entering;
mod members;
mod parts;
mod people;
mod person;
mod room;

pub use account::{Account, Typed};
pub use audit::{AuditLog, knows_act};
pub use blocks::Clock;
pub use entering::{Invitation, Refused, Reset, SignIn, SignUp};
pub use members::{MemberRow, Members};
pub use parts::{Problem, id};
pub use people::{BanRow, Banned, PeopleList, PersonRow};
pub use person::{BanInForce, PersonPage, TypedBan};
pub use room::{May, RoomSettings, TypedRoom};

use leptos::prelude::*;

use crate::{
    components::languages,
    document::head,
    i18n::{I18n, Key},
};

/// What is around each of these pages.
#[derive(Clone, Debug)]
pub struct Frame {
    /// In the reader's language.
    pub i18n: I18n,
    /// The address of the style sheet.
    pub css: String,
    /// The page's own address, where another language leads back to.
    pub here: String,
    /// The ways to the other pages; none on those for coming in.
    pub ways: Option<Ways>,
}

/// Which pages someone may see, beside those that everyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ways {
    /// Who has an account.
    pub people: bool,
    /// The bans in force.
    pub bans: bool,
    /// The audit log.
    pub audit: bool,
}

impl Frame {
    /// The whole document. The body brings the page's heading.
    fn document(self, title: &str, body: impl IntoView + 'static) -> String {
        let Self { i18n, css, here, ways } = self;
        let title = format!("{title} · Parlor");
        let class = if ways.is_some() { "forms wide" } else { "forms" };
        let ways = ways.map(|ways| ways.view(i18n, &here));
        let html = view! {
            <html lang=i18n.language().tag() dir=i18n.language().dir()>
                {head(&title, css, ())}
                <body>
                    <div class=class>
                        <header>
                            <a class="wordmark" href="/">
                                "Parlor"
                            </a>
                            {ways}
                        </header>
                        <main>{body}</main>
                        <footer>{languages::form(i18n, move || here.clone())}</footer>
                    </div>
                </body>
            </html>
        };
        format!("<!DOCTYPE html>{}", html.to_html())
    }
}

impl Ways {
    fn view(self, i18n: I18n, here: &str) -> AnyView {
        let Self { people, bans, audit } = self;
        let ways = [
            (true, "/r/lobby", Key::Chat),
            (true, "/account", Key::Account),
            (people, "/people", Key::People),
            (bans, "/people/bans", Key::Bans),
            (audit, "/audit", Key::AuditLog),
        ];
        let ways = ways.into_iter().filter(|(shown, ..)| *shown).map(|(_, to, say)| {
            view! {
                <a href=to aria-current=(to == here).then_some("page")>
                    {i18n.t(say)}
                </a>
            }
        });
        view! {
            <nav class="ways" aria-label=i18n.t(Key::Navigation)>
                {ways.collect_view()}
            </nav>
        }
        .into_any()
    }
}
