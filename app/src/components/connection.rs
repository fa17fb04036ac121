//! The badge that says how the connection stands, at all times.

use leptos::prelude::*;

use crate::{
    browser,
    live::{client::Client, connection::Remedy},
};

/// The badge: a dot, a word, what follows it, and what one can do about it.
#[component]
pub fn Connection() -> impl IntoView {
    let client = expect_context::<Client>();
    let state = client.connection;
    let word = move || state.with(|state| state.word());
    let detail = Memo::new(move |_| state.with(|state| state.detail()));
    let can_try = Memo::new(move |_| state.with(|state| state.can_try_now()));
    let remedy = Memo::new(move |_| state.with(|state| state.remedy()));
    view! {
        <div
            class="connection"
            data-testid="connection"
            data-state=move || state.with(|state| state.slug())
            title=move || state.with(|state| format!("{}{}", state.word(), state.detail()))
        >
            <span class="connection-dot" aria-hidden="true"></span>
            <span class="connection-words">
                // Only the word is announced: nobody wants to hear seconds counted.
                <span role="status">{word}</span>
                <span class="connection-detail">{move || detail.get()}</span>
            </span>
            <button
                type="button"
                class="button small"
                data-testid="try-now"
                hidden=move || !can_try.get()
                on:click=move |_| client.try_now()
            >
                "Try now"
            </button>
            <button
                type="button"
                class="button small"
                data-testid="reload"
                hidden=move || remedy.get() != Remedy::Reload
                on:click=move |_| browser::reload()
            >
                "Reload"
            </button>
            <a class="button small" href="/" rel="external" hidden=move || remedy.get() != Remedy::Enter>
                "Enter again"
            </a>
        </div>
    }
}
