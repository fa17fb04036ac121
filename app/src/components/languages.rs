//! The choice of a language. A form, so that it works without scripts; the page comes anew in the other one.

use leptos::prelude::*;

use crate::i18n::{Language, Word, Words};

/// The id of the field that says where to come back to.
pub const NEXT: &str = "language-next";

/// Every language by its own name.
pub(crate) fn form(words: Words, next: String) -> impl IntoView {
    let current = words.language();
    let choices = Language::ALL.map(|language| {
        let tag = language.tag();
        view! {
            <button name="lang" value=tag lang=tag aria-current=(language == current).then_some("true")>
                {language.name()}
            </button>
        }
    });
    view! {
        <form class="languages" method="post" action="/language" aria-label=words.of(Word::Languages)>
            <input type="hidden" id=NEXT name="next" value=next />
            {choices.into_iter().collect_view()}
        </form>
    }
}
