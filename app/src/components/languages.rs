//! The choice of a language. A form, so that it works without scripts; the page comes anew in the other one.

use leptos::prelude::*;

use crate::i18n::{I18n, Key, Language};

/// The id of the field that says where to come back to.
pub const NEXT: &str = "language-next";

/// Every language by its own name.
pub(crate) fn form(i18n: I18n, next: String) -> impl IntoView {
    let current = i18n.language();
    let choices = Language::ALL.iter().copied().map(move |language| {
        let tag = language.tag();
        view! {
            <button name="lang" value=tag lang=tag aria-current=(language == current).then_some("true")>
                {language.name()}
            </button>
        }
    });
    view! {
        <form class="languages" method="post" action="/language" aria-label=i18n.t(Key::ChooseLanguage)>
            <input type="hidden" id=NEXT name="next" value=next />
            {choices.collect_view()}
        </form>
    }
}
