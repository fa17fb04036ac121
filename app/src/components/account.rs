//! The foot of the room list: who is signed in, the way out, and the language.

use leptos::{ev::SubmitEvent, prelude::*, task::spawn_local};

use super::{
    current_room::CurrentRoom,
    icons::{Icon, SIGN_OUT},
    languages,
};
use crate::{
    api::{self, ApiError},
    browser, colour,
    i18n::Key,
    live::client::Client,
};

#[component]
pub fn Account() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let room = expect_context::<CurrentRoom>();
    let problem = RwSignal::new(None::<Key>);
    let name = move || client.me.read().as_ref().map(|me| me.name.clone());
    let initials = move || client.me.read().as_ref().map(|me| colour::initials(&me.name));
    let hue = move || client.me.read().as_ref().map(colour::class).unwrap_or_default();
    let signing_out = RwSignal::new(false);
    let sign_out = move |_| {
        if signing_out.get_untracked() {
            return;
        }
        problem.set(None);
        signing_out.set(true);
        spawn_local(async move {
            match api::sign_out().await {
                // It stays under way until the front page is there.
                Ok(()) | Err(ApiError::Unauthorized) => {
                    client.forget_user().await;
                    browser::go("/");
                }
                // Without an answer the session stays, and the front page would only lead back here.
                Err(_) => {
                    problem.set(Some(Key::SignOutOffline));
                    signing_out.set(false);
                }
            }
        });
    };
    // The page in another language comes from the server: without a connection there would be no page at all.
    let change_language = move |event: SubmitEvent| {
        if client.connection.read_untracked().can_reconnect_now() {
            event.prevent_default();
            problem.set(Some(Key::LanguageNeedsServer));
        }
    };
    let here = move || room.id.get().map(|room| format!("/r/{room}")).unwrap_or_default();
    view! {
        <div class="me-part">
            <p class="me-problem" role="alert" hidden=move || problem.get().is_none()>
                {move || problem.get().map(|word| i18n.t(word))}
            </p>
            <div class="me">
                <span class=move || ["avatar small ", hue()].concat() aria-hidden="true">
                    {move || initials()}
                </span>
                <a class="me-name" href="/account" title=i18n.t(Key::Account)>
                    {move || name()}
                </a>
                <button
                    type="button"
                    class="button quiet"
                    data-testid="sign-out"
                    title=i18n.t(Key::SignOut)
                    on:click=sign_out
                >
                    <Icon path=SIGN_OUT />
                    {move || i18n.t(if signing_out.get() { Key::SigningOut } else { Key::SignOut })}
                </button>
            </div>
            <div class="me-languages" on:submit=change_language>
                {languages::form(i18n, here)}
            </div>
        </div>
    }
}
