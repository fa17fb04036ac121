//! The button that closes a drawer or panel.

use leptos::prelude::*;

use super::icons::{CLOSE, Icon};
use crate::{i18n::Key, live::client::Client};

#[component]
pub fn CloseButton(
    /// The id of the popover that it closes.
    popover: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    view! {
        <button
            type="button"
            class="button icon-only"
            aria-label=i18n.t(Key::Close)
            autofocus=autofocus
            popovertarget=popover
            popovertargetaction="hide"
        >
            <Icon path=CLOSE />
        </button>
    }
}
