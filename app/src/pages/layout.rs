//! The document around a page: head, navigation, languages.

use leptos::prelude::*;

use super::{
    elements::{Clock, Link},
    form::FormState,
};
use crate::{
    components::{languages, wordmark::wordmark},
    document::head,
    i18n::{I18n, Key},
    page::ServerIdentity,
};

/// What is the same on all of these pages.
#[derive(Clone, Debug)]
pub struct Layout {
    pub i18n: I18n,
    /// The address of the style sheet.
    pub css: String,
    pub server: ServerIdentity,
    /// The page's own path. Choosing another language leads back to it.
    pub path: String,
    /// Links to the other pages; none for visitors who are not signed in.
    pub nav: Option<NavLinks>,
    pub clock: Clock,
}

/// Which pages the reader may open beside those that everyone may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NavLinks {
    pub people: bool,
    pub bans: bool,
    pub audit: bool,
    pub settings: bool,
}

impl Layout {
    /// Renders a page as a document. Its components find language, clock and form state in the context.
    pub fn render<V: IntoView + 'static>(self, title: &str, form: FormState, page: impl FnOnce() -> V) -> String {
        Owner::new().with(move || {
            let Self { i18n, css, server, path, nav, clock } = self;
            provide_context(i18n.language());
            provide_context(clock);
            provide_context(form);
            let title = format!("{title} · {}", server.name);
            let class = if nav.is_some() { "forms wide" } else { "forms" };
            let html = view! {
                <html lang=i18n.language().tag() dir=i18n.language().dir()>
                    {head(&title, css, server.picture.as_deref(), ())}
                    <body>
                        <div class=class>
                            <header>
                                <a class="wordmark" href="/">
                                    {wordmark(server.picture, server.name)}
                                </a>
                                {nav.map(|nav| nav.view(i18n, &path))}
                            </header>
                            <main>{page()}</main>
                            <footer>{languages::form(i18n, move || path.clone())}</footer>
                        </div>
                    </body>
                </html>
            };
            format!("<!DOCTYPE html>{}", html.to_html())
        })
    }
}

impl NavLinks {
    fn view(self, i18n: I18n, path: &str) -> AnyView {
        let links = [
            (true, "/r/lobby", Key::Chat),
            (true, "/account", Key::Account),
            (self.people, "/people", Key::People),
            (self.bans, "/people/bans", Key::Bans),
            (self.audit, "/audit", Key::AuditLog),
            (self.settings, "/settings", Key::ServerSettings),
        ];
        let links = links.into_iter().filter(|(shown, ..)| *shown).map(|(_, to, label)| {
            // The chat cannot show it over itself: its form has a file.
            let rel = (to == "/settings").then_some("external");
            view! {
                <a href=to rel=rel aria-current=(to == path).then_some("page")>
                    {i18n.t(label)}
                </a>
            }
        });
        view! {
            <nav class="ways" aria-label=i18n.t(Key::Navigation)>
                {links.collect_view()}
            </nav>
        }
        .into_any()
    }
}

/// Why a request failed, where no form can show it.
#[component]
pub fn ErrorPage(title: Key, message: String, link: String, link_label: Key) -> impl IntoView {
    let i18n = I18n::current();
    view! {
        <h1>{i18n.t(title)}</h1>
        <p role="alert" data-testid="problem">
            {message}
        </p>
        <Link href=link label=link_label />
    }
}
