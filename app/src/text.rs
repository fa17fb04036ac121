//! HTML escaping, and comparing texts without case.

/// Escapes a text for use in HTML.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            c => html.push(c),
        }
    }
    html
}

/// The form of a text in which it is searched and sorted, in every language the same: compatibility forms are unified (NFKC,
/// UAX #15), and case is folded. Through upper case, which also unifies `ß` and `ss`, `ς` and `σ`. The server compares names
/// the same way. The browser does it itself: Rust's tables of all letters would be in the wasm.
pub fn fold(text: &str) -> String {
    #[cfg(feature = "browser")]
    {
        let unified = js_sys::JsString::from(text).normalize("NFKC");
        unified.to_lower_case().to_upper_case().to_lower_case().into()
    }
    #[cfg(not(feature = "browser"))]
    {
        use unicode_normalization::UnicodeNormalization as _;
        text.nfkc().collect::<String>().to_lowercase().to_uppercase().to_lowercase()
    }
}

/// A key that sorts by rank, then by name. All lists share its type, so that the code that sorts is in the wasm once.
pub fn sort_key(rank: u8, name: &str) -> (u8, String) {
    (rank, fold(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_form_do_not_matter() {
        for (one, other) in [
            ("Общий чат", "ОБЩИЙ ЧАТ"),
            ("Straße", "STRASSE"),
            ("ΟΔΟΣ", "οδος"),
            ("ＣＡＦＥ\u{301}", "café"),
            ("İ", "i\u{307}"),
        ] {
            assert_eq!(fold(one), fold(other));
        }
        assert_ne!(fold("a"), fold("á"));
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(escape("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
        assert_eq!(escape("好 👍"), "好 👍");
    }
}
