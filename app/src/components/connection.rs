//! The badge that says how the connection stands, at all times.

use leptos::prelude::*;

use super::{flag, text};
use crate::{
    browser,
    live::{client::Client, connection::Remedy},
};

/// The badge: a dot, a word, what follows it, and what one can do about it.
#[component]
pub fn Connection() -> impl IntoView {
    let client = expect_context::<Client>();
    let state = client.connection;
    let word = text(move || state.with(|state| state.word()));
    let detail = text(move || state.with(|state| state.detail()));
    let can_try = move || state.with(|state| state.can_try_now());
    let remedy = move || state.with(|state| state.remedy());
    view! {
        <div
            class="connection"
            data-testid="connection"
            data-state=text(move || state.with(|state| state.slug()))
            title=text(move || state.with(|state| format!("{}{}", state.word(), state.detail())))
        >
            <span class="connection-dot" aria-hidden="true"></span>
            <span class="connection-words">
                // Only the word is announced: nobody wants to hear seconds counted.
                <span role="status">{word}</span>
                <span class="connection-detail">{detail}</span>
            </span>
            <button
                type="button"
                class="button small"
                data-testid="try-now"
                hidden=flag(move || !can_try())
                on:click=move |_| client.try_now()
            >
                "Try now"
            </button>
            <button
                type="button"
                class="button small"
                data-testid="reload"
                hidden=flag(move || remedy() != Remedy::Reload)
                on:click=move |_| browser::reload()
            >
                "Reload"
            </button>
            <a class="button small" href="/" rel="external" hidden=flag(move || remedy() != Remedy::Enter)>
                "Enter again"
            </a>
        </div>
    }
}
