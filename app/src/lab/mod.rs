//! `/lab`: what the network lets through. A document of the server's with scripts of its own, which are not wasm: they show
//! what a browser's own objects do. Nothing of it is in the chat's page or wasm.

mod cards;
mod clocks;

use leptos::prelude::*;

use crate::{
    components::{languages, wordmark::wordmark},
    document::head,
    i18n::{self, I18n, LabKey},
    page::ServerIdentity,
};

/// How the key of RFC 6455's sample becomes the answer, step by step.
#[derive(Clone, Debug)]
pub struct Example {
    /// The request's `Sec-WebSocket-Key`.
    pub key: String,
    /// With the GUID behind it.
    pub joined: String,
    /// The SHA-1 of that, in hexadecimal digits.
    pub sha1: String,
    /// The answer's `Sec-WebSocket-Accept`.
    pub accept: String,
}

/// The page.
#[derive(Clone, Debug)]
pub struct Lab {
    /// In the reader's language.
    pub i18n: I18n,
    /// The address of the style sheet that all pages share.
    pub css: String,
    /// The server's name and picture.
    pub server: ServerIdentity,
    /// For the card of the handshake.
    pub example: Example,
}

impl Lab {
    /// The document.
    pub fn page(self) -> String {
        let Self { i18n, css, server, example } = self;
        let title = format!("{} · {}", i18n.t(LabKey::Title), server.name);
        let own = view! {
            <link rel="stylesheet" href="/lab/lab.css" />
            <script type="application/json" id="lab-words" inner_html=i18n::lab_json(i18n.language())></script>
            <script type="module" src="/lab/lab.js"></script>
        };
        let html = view! {
            <html lang=i18n.language().tag() dir=i18n.language().dir()>
                {head(&title, css, server.picture.as_deref(), own)}
                <body>
                    <div class="forms wide lab">
                        <header>
                            <a class="wordmark" href="/">
                                {wordmark(server.picture, server.name)}
                            </a>
                            <nav class="ways">
                                <a href="/r/lobby">{i18n.t(LabKey::ToChat)}</a>
                            </nav>
                        </header>
                        <main>
                            <h1>{i18n.t(LabKey::Title)}</h1>
                            <p class="soft">{i18n.t(LabKey::Intro)}</p>
                            <noscript>
                                <p class="done">{i18n.t(LabKey::NeedsScript)}</p>
                            </noscript>
                            {cards::diagnosis(i18n)}
                            {clocks::all(i18n)}
                            {cards::echo(i18n)}
                            {cards::handshake(i18n, &example)}
                            {cards::inspector(i18n)}
                        </main>
                        <footer>{languages::form(i18n, || "/lab".to_owned())}</footer>
                    </div>
                </body>
            </html>
        };
        format!("<!DOCTYPE html>{}", html.to_html())
    }
}

/// A part of the page: a heading, what it is, and what one can do there.
fn section(id: &'static str, title: &'static str, help: &'static str, body: impl IntoView + 'static) -> AnyView {
    let heading = format!("{id}-title");
    view! {
        <section id=id aria-labelledby=heading.clone()>
            <h2 id=heading.clone()>{title}</h2>
            <p class="soft">{help}</p>
            {body}
        </section>
    }
    .into_any()
}

fn button(id: &'static str, label: &'static str, primary: bool) -> AnyView {
    let class = if primary { "button primary" } else { "button" };
    view! {
        <button type="button" class=class id=id>
            {label}
        </button>
    }
    .into_any()
}
