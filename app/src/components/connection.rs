//! The connection badge: the state of the connection at all times, and what one can do about it. It opens the panel with
//! the details.

use leptos::prelude::*;
use parlor_protocol::UserKind;

use super::connection_panel;
use crate::{
    browser,
    i18n::Key,
    live::{client::Client, connection::Remedy},
};

#[component]
pub fn ConnectionBadge() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let state = client.connection;
    let word = move || state.read().label(i18n);
    let remedy = move || state.read().remedy();
    // The user is forgotten when the session ends.
    let sign_in = Memo::new(move |last: Option<&String>| {
        client.me.with(|me| match me {
            Some(me) if me.kind == UserKind::Account => "/sign-in".to_owned(),
            Some(me) => format!("/?name={}", browser::encode(&me.name)),
            None => last.map_or_else(|| "/".to_owned(), String::clone),
        })
    });
    view! {
        // Only the word is announced: nobody wants to hear seconds counted down.
        <span class="sr-only" role="status">
            {move || word()}
        </span>
        <div
            class="connection"
            data-testid="connection"
            data-state=move || state.read().slug()
            data-transport=move || state.read().transport()
            title=move || state.read().title(i18n)
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
                    <span>{move || word()}</span>
                    <span class="connection-detail">{move || state.read().detail(i18n)}</span>
                </span>
            </button>
            <button
                type="button"
                class="button small"
                data-testid="try-now"
                hidden=move || !state.read().can_reconnect_now()
                on:click=move |_| client.reconnect_now()
            >
                {i18n.t(Key::TryNow)}
            </button>
            <button
                type="button"
                class="button small"
                data-testid="reload"
                hidden=move || remedy() != Remedy::Reload
                on:click=|_| browser::reload()
            >
                {i18n.t(Key::Reload)}
            </button>
            <a class="button small" href=move || sign_in.get() rel="external" hidden=move || remedy() != Remedy::Enter>
                {i18n.t(Key::JoinAgain)}
            </a>
        </div>
    }
}
