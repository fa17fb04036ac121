//! One message: who, when, what, and for one's own how far it has come.

use leptos::prelude::*;
use parlor_protocol::CommandId;

use super::{
    composer, flag,
    icons::{ALERT, CLOCK, TICK, TICKS},
    text,
};
use crate::{
    browser, colour,
    live::{
        client::Client,
        outbox::Delivery,
        rows::{MessageRow, Row},
    },
    text::escape,
    time,
};

/// A message's row.
#[component]
pub fn MessageView(
    /// Follows the row.
    row: ArcRwSignal<Row>,
    /// The row now.
    first: MessageRow,
) -> impl IntoView {
    let client = expect_context::<Client>();
    let zone = client.zone;
    let MessageRow { message, own, .. } = first.clone();
    let (id, by) = (message.id, message.by.clone());
    // Everything below looks at the row for itself, and the page is touched only where what it shows has changed.
    let row = Signal::derive(move || row.with(|row| of(row).unwrap_or(&first).clone()));
    let at = move || row.with(|row| row.message.at);
    view! {
        <article
            class="message"
            class:starts-run=flag(move || row.with(|row| row.starts_run))
            class:own=own
            data-testid="message"
            data-row=""
            data-id=id.to_string()
            data-own=if own { "true" } else { "false" }
            data-state=text(move || row.with(|row| row.delivery.slug()))
        >
            <span class=format!("avatar {}", colour::class(by.id)) aria-hidden="true">
                {colour::initials(&by.name)}
            </span>
            <div class="byline">
                <span class=format!("author {}", colour::class(by.id)) data-testid="message-author">
                    {by.name}
                </span>
                <time
                    data-testid="message-time"
                    datetime=text(move || time::iso(at()))
                    title=text(move || zone.get().full(at()))
                >
                    {text(move || zone.get().hhmm(at()))}
                </time>
            </div>
            <div class="body" data-testid="message-body" inner_html=text(move || row.with(body))></div>
            {own.then(|| view! { <Mark row /> })}
            {own.then(|| view! { <Undelivered id row /> })}
        </article>
    }
}

/// How far one's own message has come.
#[component]
fn Mark(row: Signal<MessageRow>) -> impl IntoView {
    let path = text(move || {
        row.with(|row| match &row.delivery {
            Delivery::Queued => CLOCK,
            Delivery::Sent => TICK,
            Delivery::Stored => TICKS,
            Delivery::Failed(_) => ALERT,
        })
    });
    let words = text(move || row.with(|row| row.delivery.words()));
    view! {
        <span class="mark" title=words>
            <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
                <path d=path></path>
            </svg>
            <span class="sr-only">{words}</span>
        </span>
    }
}

/// Why it was not sent, and what one can do about that, or while it waits.
#[component]
fn Undelivered(id: CommandId, row: Signal<MessageRow>) -> impl IntoView {
    let client = expect_context::<Client>();
    let failed = move || row.with(|row| matches!(row.delivery, Delivery::Failed(_)));
    // While there is a connection it is gone in a moment: nothing to be done about it, and no room for buttons.
    let waits = move || row.with(|row| row.may_be_taken_back) && client.connection.with(|state| !state.is_connected());
    let words = text(move || {
        row.with(|row| match &row.delivery {
            Delivery::Failed(reason) => format!("Not sent: {reason}"),
            _ => String::new(),
        })
    });
    let take_back = move |to_edit| {
        client.take_back(id, to_edit);
        browser::focus(composer::ID);
    };
    view! {
        <Show when=move || failed() || waits()>
            <p class="undelivered" class:failure=flag(failed) class:waits=flag(move || !failed())>
                <span hidden=flag(move || !failed())>{words}</span>
                <button
                    type="button"
                    class="link"
                    data-testid="retry"
                    hidden=flag(move || !failed())
                    on:click=move |_| client.retry(id)
                >
                    "Retry"
                </button>
                <button type="button" class="link" data-testid="edit" on:click=move |_| take_back(true)>
                    "Edit"
                </button>
                <button type="button" class="link" data-testid="discard" on:click=move |_| take_back(false)>
                    "Discard"
                </button>
            </p>
        </Show>
    }
}

const fn of(row: &Row) -> Option<&MessageRow> {
    match row {
        Row::Message(row) => Some(row),
        _ => None,
    }
}

/// The server's HTML, which it has sanitised; until it comes, the text as it was typed, with nothing in it that is markup.
fn body(row: &MessageRow) -> String {
    if row.message.seq > 0 {
        return row.message.html.clone();
    }
    format!("<p class=\"plain\">{}</p>", escape(&row.message.body))
}
