//! Colours for fenced code, as classes: `hl-comment`, `hl-string`, …, all of which stand in [`CLASSES`].
//!
//! Grammars are loaded at the first block that names a known language, so that a server without code blocks pays
//! neither memory nor start time for them. Spans are flat and few: each token has the class of its innermost scope
//! that is worth a colour, instead of one nested span per scope, which would multiply what everyone in a room receives.

use std::sync::LazyLock;

use syntect::{
    easy::ScopeRegionIterator,
    parsing::{ParseState, Scope, ScopeStack, SyntaxSet},
    util::LinesWithEndings,
};

use super::write::escape;

/// Larger blocks stay plain: matching grammars is the slowest thing that a message can ask for.
const MAX_CODE_BYTES: usize = 8 * 1024;

/// A block with a longer line stays plain: on those (minified or hostile code) grammars take quadratic time.
const MAX_LINE_BYTES: usize = 400;

/// A language: its class, the grammar's name, and what else people write behind the fence.
pub(super) type Language = (&'static str, &'static str, &'static [&'static str]);

const LANGUAGES: [Language; 38] = [
    ("language-bash", "Bourne Again Shell (bash)", &["sh", "shell", "zsh", "fish", "console"]),
    ("language-batch", "Batch File", &["bat", "cmd"]),
    ("language-c", "C", &["h"]),
    ("language-clojure", "Clojure", &["clj", "cljs", "edn"]),
    ("language-cpp", "C++", &["c++", "cc", "cxx", "hpp"]),
    ("language-csharp", "C#", &["c#", "cs"]),
    ("language-css", "CSS", &[]),
    ("language-d", "D", &[]),
    ("language-diff", "Diff", &["patch"]),
    ("language-dot", "Graphviz (DOT)", &["graphviz", "gv"]),
    ("language-erlang", "Erlang", &["erl"]),
    ("language-go", "Go", &["golang"]),
    ("language-groovy", "Groovy", &["gradle"]),
    ("language-haskell", "Haskell", &["hs"]),
    ("language-html", "HTML", &["htm", "xhtml", "vue", "svelte"]),
    ("language-java", "Java", &[]),
    ("language-javascript", "JavaScript", &["js", "jsx", "mjs", "cjs"]),
    ("language-json", "JSON", &["jsonc", "json5"]),
    ("language-latex", "LaTeX", &["tex"]),
    ("language-lisp", "Lisp", &["elisp", "scheme"]),
    ("language-lua", "Lua", &[]),
    ("language-makefile", "Makefile", &["make", "mk"]),
    ("language-matlab", "MATLAB", &["octave"]),
    ("language-objc", "Objective-C", &["objective-c", "objectivec"]),
    ("language-ocaml", "OCaml", &["ml"]),
    ("language-pascal", "Pascal", &["delphi"]),
    ("language-perl", "Perl", &["pl"]),
    ("language-php", "PHP Source", &[]),
    ("language-properties", "Java Properties", &["ini", "conf"]),
    ("language-python", "Python", &["py", "python3"]),
    ("language-r", "R", &[]),
    ("language-ruby", "Ruby", &["rb"]),
    ("language-rust", "Rust", &["rs"]),
    ("language-scala", "Scala", &["sbt"]),
    ("language-sql", "SQL", &["mysql", "postgres", "postgresql", "sqlite"]),
    // The grammars at hand have none of its own; the one of JavaScript is right for most lines.
    ("language-typescript", "JavaScript", &["ts", "tsx"]),
    ("language-xml", "XML", &["svg", "rss"]),
    ("language-yaml", "YAML", &["yml"]),
];

/// Scopes worth a colour, and the class for each. Where several fit, the longest one counts.
const CLASSES: [(&str, &str); 25] = [
    ("comment", "hl-comment"),
    ("constant", "hl-constant"),
    ("constant.character.escape", "hl-escape"),
    ("constant.numeric", "hl-number"),
    ("entity.name", "hl-type"),
    ("entity.name.function", "hl-function"),
    ("entity.name.section", "hl-heading"),
    ("entity.name.tag", "hl-tag"),
    ("entity.other.attribute-name", "hl-attribute"),
    ("entity.other.inherited-class", "hl-type"),
    ("invalid", "hl-invalid"),
    ("keyword", "hl-keyword"),
    ("markup.changed", "hl-changed"),
    ("markup.deleted", "hl-deleted"),
    ("markup.heading", "hl-heading"),
    ("markup.inserted", "hl-inserted"),
    ("meta.diff.header", "hl-heading"),
    ("meta.diff.range", "hl-heading"),
    ("storage", "hl-keyword"),
    ("string", "hl-string"),
    ("support", "hl-type"),
    ("support.function", "hl-function"),
    ("variable.function", "hl-function"),
    ("variable.language", "hl-constant"),
    ("variable.parameter", "hl-variable"),
];

struct Grammars {
    syntaxes: SyntaxSet,
    /// Longest scopes first.
    classes: Vec<(Scope, &'static str)>,
}

static GRAMMARS: LazyLock<Grammars> = LazyLock::new(|| {
    let mut classes: Vec<_> =
        CLASSES.iter().filter_map(|(scope, class)| Some((Scope::new(scope).ok()?, *class))).collect();
    classes.sort_by_key(|(scope, _)| std::cmp::Reverse(scope.len()));
    Grammars { syntaxes: SyntaxSet::load_defaults_newlines(), classes }
});

/// All classes that code elements may have.
pub(super) fn language_classes() -> impl Iterator<Item = &'static str> {
    LANGUAGES.iter().map(|(class, ..)| *class)
}

/// All classes that spans may have.
pub(super) fn token_classes() -> impl Iterator<Item = &'static str> {
    CLASSES.iter().map(|(_, class)| *class)
}

/// The language that a fence names, if it is known. Loads nothing.
pub(super) fn language(info: &str) -> Option<&'static Language> {
    // Some write ```rust,ignore or ```js {1,3} or ```{.python}.
    let name = info.trim_start().trim_start_matches(['{', '.']);
    let name = name.split([' ', '\t', ',', ':', '{', '}']).next()?.to_ascii_lowercase();
    LANGUAGES.iter().find(|(class, _, others)| {
        class.strip_prefix("language-") == Some(&name) || others.contains(&name.as_str())
    })
}

/// A block's code as HTML with spans, or nothing if it stays plain.
pub(super) fn html(code: &str, (_, grammar, _): &Language) -> Option<String> {
    if code.len() > MAX_CODE_BYTES || code.lines().any(|line| line.len() > MAX_LINE_BYTES) {
        return None;
    }
    let Grammars { syntaxes, classes } = &*GRAMMARS;
    let mut state = ParseState::new(syntaxes.find_syntax_by_name(grammar)?);
    let mut stack = ScopeStack::new();
    let mut spans = Spans::default();
    for line in LinesWithEndings::from(code) {
        let changes = state.parse_line(line, syntaxes).ok()?;
        for (token, change) in ScopeRegionIterator::new(&changes, line) {
            stack.apply(change).ok()?;
            if !token.is_empty() {
                spans.push(token, class(&stack, classes));
            }
        }
    }
    Some(spans.finish())
}

fn class(stack: &ScopeStack, classes: &[(Scope, &'static str)]) -> Option<&'static str> {
    stack.scopes.iter().rev().find_map(|scope| {
        classes.iter().find(|(prefix, _)| prefix.is_prefix_of(*scope)).map(|(_, class)| *class)
    })
}

/// Puts neighbours of one class into one span.
#[derive(Default)]
struct Spans {
    html: String,
    open: Option<&'static str>,
}

impl Spans {
    fn push(&mut self, token: &str, class: Option<&'static str>) {
        // Signs among the keywords (`=`, `->`) are read by their form; white space has no colour: neither needs a span.
        let plain = match class {
            Some("hl-keyword") => !token.contains(char::is_alphabetic),
            Some(_) => self.open != class && token.trim().is_empty(),
            None => true,
        };
        let class = class.filter(|_| !plain);
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
