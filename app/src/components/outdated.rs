//! A newer version of the page is on the server.

use leptos::prelude::*;

use super::{composer::Draft, flag, still};
use crate::{browser, live::client::Client, words::Word};

/// For which build this tab was loaded again last.
const RELOADED: &str = "parlor.reloaded";

/// Says so, and offers to load it. Out of sight, and with nothing being written, the page does it by itself.
#[component]
pub fn Outdated() -> impl IntoView {
    let client = expect_context::<Client>();
    let words = client.words;
    let Draft(draft) = expect_context();
    let renew = move || {
        if let Some(build) = client.newer.get_untracked()
            && browser::is_hidden()
            && draft.with_untracked(String::is_empty)
            // Once for each build: should the old page come again, from a cache or another server, it stays.
            && browser::is_first(RELOADED, &build)
        {
            browser::reload();
        }
    };
    Effect::new(move || {
        client.newer.track();
        renew();
    });
    Effect::new(move || browser::on_attention(renew));
    view! {
        <div class="outdated-place" role="status">
            <div class="outdated" data-testid="outdated" hidden=flag(move || client.newer.with(Option::is_none))>
                {still(move || view! { <span>{words.of(Word::Outdated)}</span> })}
                <button type="button" class="button small" data-testid="renew" on:click=move |_| browser::reload()>
                    {words.of(Word::Reload)}
                </button>
            </div>
        </div>
    }
}
