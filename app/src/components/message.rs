//! A message in the timeline: its author, time and body, and for the user's own messages their delivery state.

use leptos::{either::Either, prelude::*};
use parlor_protocol::{Message, Millis};
use web_sys::Element;

use super::{
    composer::ComposerHandle,
    edit_history::edited_mark,
    icons::{ALERT, CLOCK, Icon, MORE, TICK, TICKS},
    message_menu::{self, MessageMenuHandle},
    reactions::chips,
    scroll,
};
use crate::{
    browser, colour,
    i18n::{I18n, Key},
    live::{
        client::Client,
        outbox::Delivery,
        rows::{MessageRow, Row},
    },
    time,
};

/// Messages with more lines or characters than this are folded.
const FOLD_LINES: usize = 40;
const FOLD_CHARS: usize = 4_000;

/// One effect renders the message, which is built often and changes rarely, and one its time.
#[component]
pub fn MessageView(row: ArcRwSignal<Row>) -> impl IntoView {
    let client = expect_context::<Client>();
    // The welcome page has no menu and no composer.
    let menu = use_context::<MessageMenuHandle>();
    let composer = use_context::<ComposerHandle>();
    view! { {move || row.read().message().map(|row| message(row, client, menu, composer).into_any())} }
}

fn message(
    row: &MessageRow,
    client: Client,
    menu: Option<MessageMenuHandle>,
    composer: Option<ComposerHandle>,
) -> impl IntoView + use<> {
    let i18n = client.i18n;
    let id = row.message.id;
    let delivery = row.delivery.slug();
    let modifiers = [(row.starts_group, " starts-run"), (row.own, " own"), (row.mentions_me, " names-me")];
    let class = modifiers.into_iter().filter(|(applies, _)| *applies).map(|(_, class)| class);
    let class = std::iter::once("message").chain(class).collect::<String>();
    view! {
        <article
            class=class
            data-testid="message"
            data-row=""
            data-id=id.to_string()
            data-state=move || {
                if client.deleting.read().contains(&id) { "deleting" } else { delivery }
            }
        >
            {byline(&row.message, client)}
            {body(&row.message, i18n)} {edited_mark(&row.message, client, menu.is_none())}
            {chips(&row.message, client, menu.is_none())}
            {row
                .own
                .then(|| {
                    view! {
                        <div class="tail">
                            {state_mark(&row.delivery, i18n)} {unsent_actions(row, client, composer)}
                        </div>
                    }
                })}
            {menu
                .map(|menu| {
                    view! {
                        <button
                            type="button"
                            class="more"
                            tabindex="-1"
                            data-testid="more"
                            aria-label=i18n.t(Key::MessageActions)
                            aria-haspopup="menu"
                            popovertarget=message_menu::ID
                            on:click=move |_| menu.set_message(id)
                        >
                            <Icon path=MORE />
                        </button>
                    }
                })}
        </article>
    }
}

fn byline(message: &Message, client: Client) -> impl IntoView + use<> {
    let by = &message.by;
    let hue = colour::class(by);
    view! {
        <span class=["avatar ", hue].concat() aria-hidden="true">
            {colour::initials(&by.name)}
        </span>
        <div class="byline">
            <span class=["author ", hue].concat() data-testid="message-author">
                {by.name.clone()}
            </span>
            {timestamp(message.at, client)}
        </div>
    }
}

/// The time of day, in the user's time zone. It has an effect of its own: when the zone becomes known, the rest of the message
/// is not rendered again.
pub(super) fn timestamp(at: Millis, client: Client) -> impl IntoView {
    view! {
        {move || {
            let zone = client.zone.get();
            view! {
                <time datetime=time::iso(at) title=zone.date_time(at)>
                    {zone.time(at)}
                </time>
            }
                .into_any()
        }}
    }
}

/// The HTML that the server has rendered and sanitised; until it arrives, the text as it was typed. A long body is folded
/// by the style sheet alone, so that searching the page and screen readers find all of it.
fn body(message: &Message, i18n: I18n) -> impl IntoView + use<> {
    let is_long = is_long(&message.body);
    let body = if message.seq > 0 {
        let html = message.html.to_string();
        Either::Left(view! { <div class="body" class:folded=is_long inner_html=html></div> })
    } else {
        let text = message.body.to_string();
        Either::Right(view! {
            <div class="body" class:folded=is_long>
                <p class="plain">{text}</p>
            </div>
        })
    };
    let fold = is_long.then(|| {
        view! {
            <details class="fold">
                <summary
                    class="link"
                    data-testid="show-all"
                    on:click=|event| {
                        if let Ok(Some(summary)) = event_target::<Element>(&event).closest("summary") {
                            scroll::hold_position(&summary);
                        }
                    }
                >
                    <span>{i18n.t(Key::ShowMore)}</span>
                    <span>{i18n.t(Key::ShowLess)}</span>
                </summary>
            </details>
        }
    });
    view! {
        <div class="content" data-testid="message-body">
            {body}
            {fold}
        </div>
    }
}

/// Whether a message would push all others out of sight.
fn is_long(body: &str) -> bool {
    body.lines().nth(FOLD_LINES).is_some() || (body.len() > FOLD_CHARS && body.chars().count() > FOLD_CHARS)
}

/// The icon for how far the message has come.
fn state_mark(delivery: &Delivery, i18n: I18n) -> impl IntoView + use<> {
    let icon = match delivery {
        Delivery::Queued => CLOCK,
        Delivery::Sent => TICK,
        Delivery::Stored => TICKS,
        Delivery::Failed(_) => ALERT,
    };
    let label = i18n.t(delivery.word());
    view! {
        // Screen readers must not announce each change.
        <span class="mark" aria-live="off" title=label>
            <Icon path=icon />
            <span class="sr-only">{label}</span>
        </span>
    }
}

/// Why a message was not sent, and what the user can do about that or while it waits. With a connection, a waiting message
/// is sent in a moment: buttons would only flicker.
fn unsent_actions(row: &MessageRow, client: Client, composer: Option<ComposerHandle>) -> Option<impl IntoView + use<>> {
    let i18n = client.i18n;
    let id = row.command;
    let text_of_failure = if row.is_edit { Key::EditNotSaved } else { Key::StatusFailedReason };
    let failure = match &row.delivery {
        Delivery::Failed(reason) => Some(i18n.format(text_of_failure, &[("why", reason)])),
        Delivery::Queued | Delivery::Sent | Delivery::Stored => None,
    };
    let failed = failure.is_some();
    let waits = !failed && row.can_withdraw && !client.connection.read().is_connected();
    if !failed && !waits {
        return None;
    }
    let text = row.message.body.to_string();
    let withdraw = move |to_edit| {
        client.withdraw(id, to_edit);
        if let Some(composer) = composer {
            composer.focus();
        }
    };
    Some(view! {
        <p class="undelivered" class:failure=failed class:waits=waits>
            {failure
                .map(|why| {
                    view! {
                        <span>{why}</span>
                        <button type="button" class="link" data-testid="retry" on:click=move |_| client.retry(id)>
                            {i18n.t(Key::Retry)}
                        </button>
                    }
                })}
            <button type="button" class="link edit" data-testid="edit" on:click=move |_| withdraw(true)>
                {i18n.t(Key::Edit)}
            </button>
            // A room in which nothing can be written has no box for editing a failed message.
            {failed
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="link"
                            data-testid="copy"
                            on:click=move |_| browser::copy_quietly(&text)
                        >
                            {i18n.t(Key::CopyText)}
                        </button>
                    }
                })}
            <button type="button" class="link" data-testid="discard" on:click=move |_| withdraw(false)>
                {i18n.t(Key::Discard)}
            </button>
        </p>
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_folded() {
        assert!(!is_long(&"line\n".repeat(40)) && is_long(&"line\n".repeat(41)));
        assert!(!is_long(&"字".repeat(4_000)) && is_long(&"字".repeat(4_001)));
    }
}
