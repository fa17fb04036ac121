//! The notice that the server runs a newer build than this page.

use leptos::prelude::*;

use super::composer::ComposerHandle;
use crate::{browser, effect::effect, i18n::Key, live::client::Client};

/// The build for which this tab was reloaded last.
const RELOADED: &str = "parlor.reloaded";

/// Offers to reload. A page in the background with an empty composer reloads by itself.
#[component]
pub fn Outdated() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let draft = expect_context::<ComposerHandle>().text;
    let reload_in_background = move || {
        if let Some(build) = client.newer_build.get_untracked()
            && browser::is_hidden()
            && draft.read_untracked().is_empty()
            // Once for each build: should a cache or another server answer with the old page again, it stays.
            && browser::is_first(RELOADED, &build)
        {
            browser::reload();
        }
    };
    effect(move || {
        client.newer_build.track();
        reload_in_background();
    });
    effect(move || browser::on_attention_change(reload_in_background));
    view! {
        <div class="outdated-place" role="status">
            <div class="outdated" data-testid="outdated" hidden=move || client.newer_build.read().is_none()>
                <span>{i18n.t(Key::UpdateAvailable)}</span>
                <button type="button" class="button small" data-testid="renew" on:click=|_| browser::reload()>
                    {i18n.t(Key::Reload)}
                </button>
            </div>
        </div>
    }
}
