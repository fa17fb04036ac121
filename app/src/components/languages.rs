//! The choice of a language. A form, so that it works without scripts: the server answers with the page in the other
//! language.

use leptos::prelude::*;

use crate::i18n::{I18n, Key, Language};

/// Every language by its own name. `next` is the address to come back to: a closure, because a signal needs a reactive
/// owner, which the pages of the server do not have.
pub fn form(i18n: I18n, next: impl Fn() -> String + Send + Sync + 'static) -> impl IntoView {
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
            <input type="hidden" name="next" value=move || next() />
            {choices.collect_view()}
        </form>
    }
}
