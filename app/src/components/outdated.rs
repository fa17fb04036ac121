//! A newer version of the page is on the server.

use leptos::prelude::*;

use super::{Look, composer::Draft, effect, still};
use crate::{browser, i18n::Key, live::client::Client};

const ID: &str = "outdated";
const RENEW: &str = "renew";
/// For which build this tab was loaded again last.
const RELOADED: &str = "parlor.reloaded";

/// Says so, and offers to load it. Out of sight, and with nothing being written, the page does it by itself.
#[component]
pub fn Outdated() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let Draft(draft) = expect_context();
    let renew = move || {
        if let Some(build) = client.newer.get_untracked()
            && browser::is_hidden()
            && draft.peek(String::is_empty)
            // Once for each build: should the old page come again, from a cache or another server, it stays.
            && browser::is_first(RELOADED, &build)
        {
            browser::reload();
        }
    };
    effect(move || {
        browser::set_hidden(ID, client.newer.look(Option::is_none));
        untrack(renew);
    });
    effect(move || {
        browser::on_attention(renew);
        browser::on(RENEW, "click", |_| browser::reload());
    });
    still(move || {
        view! {
            <div class="outdated-place" role="status">
                <div class="outdated" id=ID data-testid="outdated" hidden>
                    <span>{i18n.t(Key::UpdateAvailable)}</span>
                    <button type="button" class="button small" id=RENEW data-testid="renew">
                        {i18n.t(Key::Reload)}
                    </button>
                </div>
            </div>
        }
    })
}
