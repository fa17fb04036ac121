//! The badge that says how the connection stands, at all times. It opens the panel that says more.

use leptos::prelude::*;
use parlor_protocol::UserKind;

use super::{Look, connection_panel, effect};
use crate::{
    browser,
    i18n::{I18n, Key},
    live::{
        client::Client,
        connection::{ConnectionState, Remedy},
    },
};

/// Ids of what changes.
const STATUS: &str = "connection-status";
const LINE: &str = "connection";
const WORD: &str = "connection-word";
const DETAIL: &str = "connection-detail";
const TRY: &str = "connection-try";
const RELOAD: &str = "connection-reload";
const ENTER: &str = "connection-enter";

/// What the badge says: a word, what follows it, and what one can do about it.
#[derive(Default)]
pub(super) struct Badge {
    word: &'static str,
    detail: String,
    slug: &'static str,
    transport: &'static str,
    title: String,
    can_try: bool,
    remedy: Remedy,
    enter: String,
}

impl Badge {
    pub(super) fn of(client: Client) -> Self {
        let i18n = client.i18n;
        let enter = client.me.look(|me| match me {
            Some(me) if me.kind == UserKind::Account => "/sign-in".to_owned(),
            Some(me) => ["/?name=", &browser::encode(&me.name)].concat(),
            None => "/".to_owned(),
        });
        client.connection.look(|state: &ConnectionState| Self {
            word: state.word(i18n),
            detail: state.detail(i18n),
            slug: state.slug(),
            transport: state.transport(),
            title: state.title(i18n),
            can_try: state.can_try_now(),
            remedy: state.remedy(),
            enter,
        })
    }

    fn put(&self) {
        browser::set_text(STATUS, self.word);
        browser::set_text(WORD, self.word);
        browser::set_text(DETAIL, &self.detail);
        for (name, value) in [("data-state", self.slug), ("data-transport", self.transport), ("title", &self.title)] {
            browser::set_attribute(LINE, name, value);
        }
        browser::set_attribute(ENTER, "href", &self.enter);
        browser::set_hidden(TRY, !self.can_try);
        browser::set_hidden(RELOAD, self.remedy != Remedy::Reload);
        browser::set_hidden(ENTER, self.remedy != Remedy::Enter);
    }

    /// The badge as it is at first. Not compiled for a browser that takes over the server's page.
    #[cfg_attr(feature = "hydrate", allow(dead_code))]
    pub(super) fn view(self, i18n: I18n) -> impl IntoView {
        view! {
            // Only the word is announced: nobody wants to hear seconds counted.
            <span class="sr-only" role="status" id=STATUS>
                {self.word}
            </span>
            <div
                class="connection"
                id=LINE
                data-testid="connection"
                data-state=self.slug
                data-transport=self.transport
                title=self.title
            >
                <button
                    type="button"
                    class="connection-badge"
                    data-testid="connection-badge"
                    popovertarget=connection_panel::ID
                    aria-haspopup="dialog"
                >
                    <span class="connection-dot" aria-hidden="true"></span>
                    <span class="connection-words">
                        <span id=WORD>{self.word}</span>
                        <span class="connection-detail" id=DETAIL>
                            {self.detail}
                        </span>
                    </span>
                </button>
                <button type="button" class="button small" id=TRY data-testid="try-now" hidden=!self.can_try>
                    {i18n.t(Key::TryNow)}
                </button>
                <button
                    type="button"
                    class="button small"
                    id=RELOAD
                    data-testid="reload"
                    hidden=self.remedy != Remedy::Reload
                >
                    {i18n.t(Key::Reload)}
                </button>
                <a class="button small" id=ENTER href=self.enter rel="external" hidden=self.remedy != Remedy::Enter>
                    {i18n.t(Key::JoinAgain)}
                </a>
            </div>
        }
    }
}

/// Keeps the badge true.
pub(super) fn follow(client: Client) {
    effect(move || Badge::of(client).put());
}

/// Hears its buttons.
pub(super) fn listen(client: Client) {
    browser::on(TRY, "click", move |_| client.try_now());
    browser::on(RELOAD, "click", |_| browser::reload());
}
