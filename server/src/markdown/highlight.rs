//! Syntax highlighting of fenced code, as spans with the classes in [`CLASSES`].
//!
//! A small highlighter of our own, because full grammars take tens of megabytes, and seconds on hostile input. It reads the code
//! once, looks at most one token ahead, and keeps no state. Spans are not nested, so that the HTML stays small.

use super::{
    grammar::{Grammar, Language, Region, WordGrammar},
    languages::LANGUAGES,
    writer::escape,
};

/// Classes of spans, named like the roots of TextMate scopes. `hl-constant` includes numbers and escapes, `hl-entity` is a defined or
/// called name, `hl-support` a type.
pub(super) const CLASSES: [&str; 10] = [
    "hl-comment",
    "hl-constant",
    "hl-deleted",
    "hl-entity",
    "hl-inserted",
    "hl-keyword",
    "hl-markup",
    "hl-string",
    "hl-support",
    "hl-variable",
];

/// A block with longer HTML is not highlighted.
const MAX_HTML_BYTES: usize = 32 * 1024;

/// Classes of code elements.
pub(super) fn language_classes() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|language| language.class)
}

/// The language in the info string of a fence, if known.
pub(super) fn language(info: &str) -> Option<&'static Language> {
    // Also ```rust,ignore, ```js {1,3} and ```{.python}.
    let name = info.trim_start().trim_start_matches(['{', '.']);
    let name = name.split([' ', '\t', ',', ':', '{', '}']).next()?.to_ascii_lowercase();
    LANGUAGES.iter().find(|language| {
        language.class.strip_prefix("language-") == Some(&name) || language.aliases.contains(&name.as_str())
    })
}

/// The code as HTML with spans, or `None` if it would be too long.
pub(super) fn html(code: &str, language: &Language) -> Option<String> {
    let mut highlighter = Highlighter { code, at: 0, spans: SpanWriter::default() };
    while highlighter.at < code.len() {
        match &language.grammar {
            Grammar::Words(words) => highlighter.word(words),
            Grammar::Diff => highlighter.diff_line(),
            Grammar::Markup => highlighter.markup(),
        }
        if highlighter.spans.html.len() > MAX_HTML_BYTES {
            return None;
        }
    }
    Some(highlighter.spans.finish())
}

struct Highlighter<'a> {
    code: &'a str,
    at: usize,
    spans: SpanWriter,
}

impl<'a> Highlighter<'a> {
    fn rest(&self) -> &'a str {
        &self.code[self.at..]
    }

    fn before(&self) -> Option<char> {
        self.code[..self.at].chars().next_back()
    }

    /// Writes the next `length` bytes with a class.
    fn take(&mut self, length: usize, class: Option<&'static str>) {
        self.spans.push(&self.rest()[..length], class);
        self.at += length;
    }

    /// Length of the prefix whose characters all satisfy `predicate`.
    fn prefix_length(text: &str, predicate: impl Fn(char) -> bool) -> usize {
        text.find(|c| !predicate(c)).unwrap_or(text.len())
    }

    fn word(&mut self, words: &WordGrammar) {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return };
        if let Some(region) = words.regions.iter().find(|region| self.begins(region)) {
            return self.region(region, words.key);
        }
        let in_word = |c: char| c.is_alphanumeric() || c == '_' || (words.hyphens && c == '-');
        if let Some((_, class)) = words.sigils.iter().find(|(sigil, _)| *sigil == first) {
            let open = rest[1..].starts_with(['{', '(']) && *class == "hl-variable";
            let length = 1 + Self::prefix_length(&rest[1..], in_word);
            return self.take(length, (length > 1 || open).then_some(class));
        }
        if first == '\'' && words.lifetimes {
            return self.quote_or_lifetime();
        }
        if first.is_ascii_digit() {
            let mut length = Self::prefix_length(rest, |c| c.is_ascii_alphanumeric() || c == '_');
            if rest[length..].starts_with('.') && rest[length + 1..].starts_with(|c: char| c.is_ascii_digit()) {
                length += 1 + Self::prefix_length(&rest[length + 1..], |c| c.is_ascii_alphanumeric() || c == '_');
            }
            return self.take(length, Some("hl-constant"));
        }
        if first.is_alphabetic() || first == '_' {
            let length = Self::prefix_length(rest, in_word);
            let class = Self::class_of(&rest[..length], &rest[length..], words);
            return self.take(length, class);
        }
        self.take(first.len_utf8(), None);
    }

    fn class_of(word: &str, after: &str, words: &WordGrammar) -> Option<&'static str> {
        let is_in = |list: &str| {
            list.split(' ').any(|one| if words.any_case { one.eq_ignore_ascii_case(word) } else { one == word })
        };
        if is_key(after, words.key) {
            Some("hl-entity")
        } else if is_in(words.keywords) {
            Some("hl-keyword")
        } else if is_in(words.constants) {
            Some("hl-constant")
        } else if after.starts_with('(') || (after.starts_with("!(")) {
            Some("hl-entity")
        } else if words.types && word.starts_with(char::is_uppercase) {
            Some("hl-support")
        } else {
            None
        }
    }

    fn begins(&self, region: &Region) -> bool {
        // `$#` and `x#y` are not comments.
        let apart = region.start != "#" || self.before().is_none_or(|c| c.is_whitespace() || c == ';');
        apart && self.rest().starts_with(region.start)
    }

    fn region(&mut self, region: &Region, key: Option<char>) {
        let rest = self.rest();
        let mut length = region.start.len();
        let mut escapes = Vec::new();
        while let Some(c) = rest[length..].chars().next() {
            if c == '\n' && !region.multiline {
                break;
            }
            if !region.end.is_empty() && rest[length..].starts_with(region.end) {
                length += region.end.len();
                break;
            }
            if c == '\\' && region.escapes {
                let escaped = rest[length + 1..].chars().next().filter(|c| *c != '\n').map_or(0, char::len_utf8);
                escapes.push((self.at + length, 1 + escaped));
                length += 1 + escaped;
            } else {
                length += c.len_utf8();
            }
        }
        let is_key = region.class == "hl-string" && is_key(&rest[length..], key);
        let end = self.at + length;
        let class = Some(if is_key { "hl-entity" } else { region.class });
        for (at, length) in escapes {
            self.take(at - self.at, class);
            self.take(length, Some("hl-constant"));
        }
        self.take(end - self.at, class);
    }

    fn quote_or_lifetime(&mut self) {
        let rest = self.rest();
        let mut inner = rest[1..].chars();
        match (inner.next(), inner.next()) {
            (Some('\\'), _) => {
                // `'\n'` or `'\u{1F600}'`: character literals are not longer.
                let mut after = rest[2..].char_indices().take(12).skip(1).take_while(|(_, c)| *c != '\n');
                let length = after.find(|(_, c)| *c == '\'').map_or(2, |(at, _)| at + 3);
                self.take(length, Some("hl-string"));
            }
            (Some(c), Some('\'')) => self.take(2 + c.len_utf8(), Some("hl-string")),
            _ => {
                let length = Self::prefix_length(&rest[1..], |c| c.is_alphanumeric() || c == '_');
                self.take(1 + length, Some("hl-variable"));
            }
        }
    }

    fn diff_line(&mut self) {
        let rest = self.rest();
        let length = rest.find('\n').map_or(rest.len(), |end| end + 1);
        let line = &rest[..length];
        let class = if ["@@", "---", "+++", "diff ", "index "].iter().any(|start| line.starts_with(start)) {
            Some("hl-entity")
        } else if line.starts_with('+') {
            Some("hl-markup hl-inserted")
        } else if line.starts_with('-') {
            Some("hl-markup hl-deleted")
        } else {
            None
        };
        self.take(length, class);
    }

    /// Text, a comment, or one tag with its attributes.
    fn markup(&mut self) {
        const COMMENT: Region =
            Region { class: "hl-comment", start: "<!--", end: "-->", escapes: false, multiline: true };
        let rest = self.rest();
        if rest.starts_with(COMMENT.start) {
            return self.region(&COMMENT, None);
        }
        let Some(tag) = rest.strip_prefix('<') else {
            return self.take(Self::prefix_length(rest, |c| c != '<'), None);
        };
        let name = Self::prefix_length(tag, |c| c.is_alphanumeric() || "/!?:-_.".contains(c));
        self.take(1, None);
        if name == 0 {
            return;
        }
        self.take(name, Some("hl-entity"));
        while let Some(c) = self.rest().chars().next() {
            match c {
                '<' => return,
                '>' => return self.take(1, None),
                '"' | '\'' => {
                    let quote = &self.rest()[..1];
                    let length = self.rest()[1..].find(quote).map_or(self.rest().len(), |end| end + 2);
                    self.take(length, Some("hl-string"));
                }
                _ if c.is_alphanumeric() || "_:@#-.".contains(c) => {
                    let length = Self::prefix_length(self.rest(), |c| c.is_alphanumeric() || "_:@#-.".contains(c));
                    self.take(length, Some("hl-entity"));
                }
                _ => self.take(c.len_utf8(), None),
            }
        }
    }
}

/// Whether a key's sign follows, spaces apart.
fn is_key(after: &str, key: Option<char>) -> bool {
    // A few spaces are enough, and keep the look ahead short.
    let spaces = after.bytes().take(16).take_while(|b| *b == b' ').count();
    key.is_some_and(|key| after[spaces..].starts_with(key))
}

/// Puts neighbours of one class into one span.
#[derive(Default)]
struct SpanWriter {
    html: String,
    open: Option<&'static str>,
}

impl SpanWriter {
    fn push(&mut self, token: &str, class: Option<&'static str>) {
        if token.is_empty() {
            return;
        }
        if class != self.open {
            self.close();
            if let Some(class) = class {
                self.html.push_str("<span class=\"");
                self.html.push_str(class);
                self.html.push_str("\">");
                self.open = Some(class);
            }
        }
        escape(&mut self.html, token);
    }

    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
    }

    fn finish(mut self) -> String {
        self.close();
        self.html
    }
}
