//! The welcome page: what this server is, a name to join with, and the conversation in the lobby.

use leptos::{either::Either, ev::SubmitEvent, prelude::*};
use parlor_protocol::limits;

use super::{languages, timeline::Rows, wordmark::wordmark};
use crate::{
    browser,
    effect::effect,
    i18n::{I18n, Key},
    live::client::Client,
    navigation::next_param,
    page::PageData,
    submission,
};

/// The page for visitors without a session. All of it works without JavaScript.
#[component]
pub fn Welcome() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let page = expect_context::<PageData>();
    let next = next_param();
    let here = if next.is_empty() { "/".to_owned() } else { next.clone() };
    effect(move || {
        // The server redirects users with a session to the lobby; a page that is built in the browser does it here.
        if client.me.read().is_some() {
            browser::go("/r/lobby");
        }
    });
    let room = page.room.map(|room| {
        let view = client.view(&room.summary.id);
        let empty = room.page.messages.is_empty();
        view! {
            <section class="glimpse" aria-labelledby="glimpse-title">
                <h2 id="glimpse-title">{i18n.format(Key::RoomPreview, &[("room", &room.summary.name)])}</h2>
                {empty.then(|| view! { <p class="soft">{i18n.t(Key::NoMessagesYet)}</p> })}
                <div class="glimpse-frame" tabindex="0" role="region" aria-labelledby="glimpse-title" hidden=empty>
                    <Rows view />
                </div>
            </section>
        }
    });
    let entrance = if page.offers.guests {
        Either::Left(name_form(i18n, page.notice, page.name_prefill, next.clone()))
    } else {
        // A banned visitor is told so instead.
        let why = page.notice.unwrap_or_else(|| i18n.t(Key::GuestsDisabled).into());
        Either::Right(view! { <p data-testid="name-error">{why}</p> })
    };
    let sign_in = if next.is_empty() { "/sign-in".to_owned() } else { format!("/sign-in?next={next}") };
    view! {
        <main class="welcome">
            <div class="welcome-card">
                <h1 class="wordmark large">{wordmark(page.picture, page.server.name)}</h1>
                <p class="welcome-words">{i18n.t(Key::Tagline)}</p>
                {entrance}
                <p class="welcome-account">
                    <a href=sign_in rel="external" data-testid="to-sign-in">
                        {i18n.t(Key::SignInWithAccount)}
                    </a>
                </p>
                {languages::form(i18n, move || here.clone())}
            </div>
            {room}
        </main>
    }
}

/// The form to join as a guest.
fn name_form(i18n: I18n, notice: Option<String>, prefill: String, next: String) -> impl IntoView {
    let failed = notice.is_some();
    // Each submission would make a guest.
    let joining = RwSignal::new(false);
    // The page may come back from the back/forward cache.
    effect(move || {
        browser::on_page_lifecycle(move |awake| {
            if awake {
                joining.set(false);
            }
        });
    });
    let submit = move |event: SubmitEvent| {
        if joining.get_untracked() {
            event.prevent_default();
        }
        joining.set(true);
    };
    view! {
        <form class="name-form" method="post" action="/enter" on:submit=submit>
            <label for="name">{i18n.t(Key::YourName)}</label>
            <div class="name-line">
                <input
                    id="name"
                    name="name"
                    data-testid="name-input"
                    type="text"
                    maxlength=limits::MAX_NAME_CHARS.to_string()
                    autocomplete="nickname"
                    autofocus
                    placeholder=i18n.t(Key::GuestNamePlaceholder)
                    value=prefill
                    aria-describedby="name-help"
                    aria-invalid=if failed { "true" } else { "false" }
                />
                <button type="submit" class="button primary" data-testid="enter">
                    {move || i18n.t(if joining.get() { Key::Joining } else { Key::JoinChat })}
                </button>
            </div>
            <input type="hidden" name="next" value=next />
            <input type="hidden" name=submission::FIELD value=submission::new_id() />
            <p id="name-help">
                {notice
                    .map(|notice| {
                        view! {
                            <span class="problem" role="alert" data-testid="name-error">
                                {notice}
                            </span>
                        }
                    })}
                <span class="soft" hidden=failed>
                    {i18n.t(Key::NameOptionalHelp)}
                </span>
            </p>
        </form>
    }
}
