//! The badge that says how the connection stands, at all times. It opens the panel that says more.

use leptos::prelude::*;

use super::{connection_panel, flag, text};
use crate::{
    browser,
    live::{client::Client, connection::Remedy},
    words::Word,
};

/// The badge: a dot, a word, what follows it, and what one can do about it.
#[component]
pub fn Connection() -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let state = client.connection;
    let word = text(move || state.with(|state| state.word(words)));
    let detail = text(move || state.with(|state| state.detail(words)));
    let can_try = move || state.with(|state| state.can_try_now());
    let remedy = move || state.with(|state| state.remedy());
    let enter = text(move || {
        let name = client.me.with(|me| me.as_ref().map(|me| browser::encode(&me.name)).unwrap_or_default());
        format!("/?name={name}")
    });
    view! {
        // Only the word is announced: nobody wants to hear seconds counted.
        <span class="sr-only" role="status">
            {word}
        </span>
        <div
            class="connection"
            data-testid="connection"
            data-state=text(move || state.with(|state| state.slug()))
            data-transport=text(move || state.with(|state| state.transport()))
            title=text(move || state.with(|state| state.title(words)))
        >
            <button
                type="button"
                class="connection-badge"
                data-testid="connection-badge"
                popovertarget=connection_panel::ID
                aria-haspopup="dialog"
            >
                <span class="connection-dot" aria-hidden="true"></span>
                <span class="connection-words">{word} <span class="connection-detail">{detail}</span></span>
            </button>
            <button
                type="button"
                class="button small"
                data-testid="try-now"
                hidden=flag(move || !can_try())
                on:click=move |_| client.try_now()
            >
                {words.of(Word::TryNowButton)}
            </button>
            <button
                type="button"
                class="button small"
                data-testid="reload"
                hidden=flag(move || remedy() != Remedy::Reload)
                on:click=move |_| browser::reload()
            >
                {words.of(Word::Reload)}
            </button>
            <a class="button small" href=enter rel="external" hidden=flag(move || remedy() != Remedy::Enter)>
                {words.of(Word::EnterAgain)}
            </a>
        </div>
    }
}
