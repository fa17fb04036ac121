//! Sanitises rendered HTML: only these tags, attributes and URL schemes are allowed.

use std::{
    collections::{HashMap, HashSet},
    sync::LazyLock,
};

use ammonia::{Builder, UrlRelative};

use super::{highlight, mention};

pub(super) const TAGS: [&str; 26] = [
    "a",
    "blockquote",
    "br",
    "code",
    "del",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "p",
    "pre",
    "span",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "ul",
];
pub(super) const SCHEMES: [&str; 3] = ["http", "https", "mailto"];
/// `rel` of every link: user-generated, not endorsed, without access to this window.
pub(super) const REL: &str = "nofollow noopener noreferrer ugc";

static CLEANER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let languages: HashSet<_> = highlight::language_classes().collect();
    let spans: HashSet<_> = highlight::CLASSES.into_iter().chain([mention::CLASS]).collect();
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .tag_attributes(HashMap::from([("a", HashSet::from(["href"])), ("ol", HashSet::from(["start"]))]))
        .generic_attributes(HashSet::new())
        .allowed_classes(HashMap::from([("code", languages), ("span", spans)]))
        .url_schemes(HashSet::from(SCHEMES))
        .url_relative(UrlRelative::Deny)
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some(REL));
    builder
});

/// Removes everything that is not allowed.
pub(super) fn clean(html: &str) -> String {
    CLEANER.clean(html).to_string()
}
