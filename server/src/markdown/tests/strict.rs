//! A strict HTML scanner: accepts only what the renderer may write, and panics on anything else.

use super::sanitise::{REL, TAGS};
use crate::markdown::{highlight, languages::LANGUAGES};

/// Panics unless the HTML is text, entities and allowed tags in exactly the allowed forms, properly nested.
#[track_caller]
pub(super) fn check(html: &str) {
    let mut open = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find(['<', '>', '&']) {
        rest = &rest[at..];
        if rest.starts_with('&') {
            let entity = ["&amp;", "&lt;", "&gt;", "&nbsp;"].into_iter().find(|entity| rest.starts_with(entity));
            rest = &rest[entity.unwrap_or_else(|| panic!("bare & at {rest:?} of {html:?}")).len()..];
            continue;
        }
        let end = rest.find('>').unwrap_or_else(|| panic!("open tag at {rest:?} of {html:?}"));
        assert!(rest.starts_with('<'), "bare > at {rest:?} of {html:?}");
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "in {html:?}");
            continue;
        }
        let (name, attributes) = tag.split_once(' ').map_or((tag, ""), |(name, rest)| (name, rest));
        assert!(TAGS.contains(&name), "<{tag}> in {html:?}");
        assert!(attributes_are_allowed(name, attributes), "<{tag}> in {html:?}");
        if !["br", "hr"].contains(&name) {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "{open:?} open in {html:?}");
}

/// The text content of HTML that passed [`check`].
pub(super) fn text(html: &str) -> String {
    let mut text = String::new();
    for (number, part) in html.split('<').enumerate() {
        text.push_str(if number == 0 { part } else { part.split_once('>').map_or("", |(_, text)| text) });
    }
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn attributes_are_allowed(name: &str, attributes: &str) -> bool {
    let quoted = |name: &str| {
        let value = attributes.strip_prefix(name)?.strip_prefix("=\"")?.strip_suffix('"')?;
        (!value.contains('"')).then_some(value)
    };
    match name {
        _ if attributes.is_empty() => name != "a",
        "ol" => quoted("start").is_some_and(|start| start.bytes().all(|b| b.is_ascii_digit())),
        "code" => quoted("class").is_some_and(|class| LANGUAGES.iter().any(|language| language.class == class)),
        "span" => {
            let known = |classes: &str| classes.split(' ').all(|class| highlight::CLASSES.contains(&class));
            quoted("class").is_some_and(|classes| classes == "mention" || known(classes))
        }
        "a" => {
            let Some(address) = attributes.strip_suffix(&format!(" target=\"_blank\" rel=\"{REL}\"")) else {
                return false;
            };
            let Some(address) = address.strip_prefix("href=\"").and_then(|rest| rest.strip_suffix('"')) else {
                return false;
            };
            let lower = address.to_ascii_lowercase();
            !address.contains(['"', '<', '>', '\'', '`'])
                && !address.contains(char::is_whitespace)
                && ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme))
        }
        _ => false,
    }
}
