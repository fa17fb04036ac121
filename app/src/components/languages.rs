//! The choice of a language. A form, so that it works without scripts; the page comes anew in the other one.

use leptos::prelude::*;

use super::text;
use crate::{
    live::client::Client,
    text::escape,
    words::{Language, Word},
};

/// Every language by its own name.
#[component]
pub fn Languages(
    /// Where the reader is, to come back to.
    next: Signal<String>,
) -> impl IntoView {
    let words = expect_context::<Client>().words;
    let choices = text(move || next.with(|next| choices(next, words.language())));
    view! {
        <form class="languages" method="post" action="/language" aria-label=words.of(Word::Languages) inner_html=choices></form>
    }
}

/// The inside of the form.
fn choices(next: &str, current: Language) -> String {
    let mut html = ["<input type=\"hidden\" name=\"next\" value=\"", &escape(next), "\">"].concat();
    for language in Language::ALL {
        let (tag, current) = (language.tag(), if language == current { "\" aria-current=\"true" } else { "" });
        for text in
            ["<button name=\"lang\" value=\"", tag, "\" lang=\"", tag, current, "\">", language.name(), "</button>"]
        {
            html.push_str(text);
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_a_button_and_one_is_marked() {
        let html = choices("/r/a\"b", Language::Chinese);
        assert!(html.contains("value=\"/r/a&quot;b\""), "{html}");
        assert!(html.contains("value=\"en\" lang=\"en\">English</button>"), "{html}");
        assert!(html.contains("value=\"zh-Hans\" lang=\"zh-Hans\" aria-current=\"true\">中文</button>"), "{html}");
    }
}
