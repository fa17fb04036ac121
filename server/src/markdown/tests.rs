//! Tests of the renderer: expected HTML, hostile input, and time limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{render, sanitise};

mod as_typed;
mod mentions;
mod strict;

#[track_caller]
fn check(source: &str, html: &str) {
    let link = format!("target=\"_blank\" rel=\"{}\"", sanitise::REL);
    assert_eq!(render(source).trim_end(), html.replace("LINK", &link), "from {source:?}");
}

#[test]
fn renders_inline_markup() {
    check(
        "**b** *i* _j_ ~~d~~ `c<d`",
        "<p><strong>b</strong> <em>i</em> <em>j</em> <del>d</del> <code>c&lt;d</code></p>",
    );
    check("snake_case_name 2*3*4 <3", "<p>snake_case_name 2<em>3</em>4 &lt;3</p>");
    check("# h", "<h1>h</h1>");
}

#[test]
fn preserves_line_breaks() {
    check("a\nb\r\nc\rd", "<p>a<br>\nb<br>\nc<br>\nd</p>");
}

#[test]
fn renders_blocks() {
    check("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>");
    check("3. a\n4. b", "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>");
    check("1. a", "<ol>\n<li>a</li>\n</ol>");
    check("> a", "<blockquote>\n<p>a</p>\n</blockquote>");
    check("a\n\n---\n\nb", "<p>a</p>\n<hr>\n<p>b</p>");
    check(
        "|a|b|\n|-|:-:|\n|1|2|",
        "<table>\n<thead>\n<tr><th>a</th><th>b</th></tr>\n</thead>\n<tbody>\n<tr><td>1</td><td>2</td></tr>\n</tbody>\n</table>",
    );
}

#[test]
fn links_open_in_a_new_tab_with_a_safe_rel() {
    check("[x](https://e.com/?a=1&b=2 \"t\")", "<p><a href=\"https://e.com/?a=1&amp;b=2\" LINK>x</a></p>");
    check("<ann@e.com>", "<p><a href=\"mailto:ann@e.com\" LINK>ann@e.com</a></p>");
    check("[x](HTTPS://e.com)", "<p><a href=\"HTTPS://e.com\" LINK>x</a></p>");
}

#[test]
fn bare_urls_become_links() {
    let address = "https://e.com/a_b_c?x=1";
    check(&format!("see {address}."), &format!("<p>see <a href=\"{address}\" LINK>{address}</a>.</p>"));
    check(&format!("看{address}，好"), &format!("<p>看<a href=\"{address}\" LINK>{address}</a>，好</p>"));
    check("`https://e.com`", "<p><code>https://e.com</code></p>");
    check("[https://a.com b](https://e.com)", "<p><a href=\"https://e.com\" LINK>https://a.com b</a></p>");
    check("ftp://e.com e.com a@e.com https://", "<p>ftp://e.com e.com a@e.com https://</p>");
}

#[test]
fn images_become_links() {
    check("![a *b*](https://e.com/p.png)", "<p><a href=\"https://e.com/p.png\" LINK>a <em>b</em></a></p>");
    check("![](https://e.com/p.png)", "<p><a href=\"https://e.com/p.png\" LINK>https://e.com/p.png</a></p>");
    check("[![a](https://i.com)](https://e.com)", "<p><a href=\"https://e.com\" LINK>a</a></p>");
}

#[test]
fn other_schemes_stay_text() {
    check("[x](javascript:alert(1))", "<p>x (javascript:alert(1))</p>");
    check("[x](docs/a.md) [y]()", "<p>x (docs/a.md) y</p>");
    check("![](data:image/png)", "<p>(data:image/png)</p>");
}

#[test]
fn raw_html_is_escaped() {
    check("a <b>c</b> &amp; &lt;", "<p>a &lt;b&gt;c&lt;/b&gt; &amp; &lt;</p>");
    check("<div>\nx\n</div>", "<p>&lt;div&gt;<br>\nx<br>\n&lt;/div&gt;</p>");
    check("<!-- x -->", "<p>&lt;!-- x --&gt;</p>");
}

#[test]
fn fenced_code_of_a_known_language_is_highlighted() {
    check(
        "```rs,ignore\nlet x = \"a\\n\"; // c\n```",
        "<pre><code class=\"language-rust\"><span class=\"hl-keyword\">let</span> x = <span class=\"hl-string\">\"a</span>\
         <span class=\"hl-constant\">\\n</span><span class=\"hl-string\">\"</span>; <span class=\"hl-comment\">// c</span>\n</code></pre>",
    );
    check("```nonsense\n<x>\n```", "<pre><code>&lt;x&gt;\n</code></pre>");
    check("```\n**a**\n```", "<pre><code>**a**\n</code></pre>");
    check("    x", "<pre><code>x</code></pre>");
    check(
        "```json\n{\"a\" : true}\n```",
        "<pre><code class=\"language-json\">{<span class=\"hl-entity\">\"a\"</span> : <span class=\"hl-constant\">true</span>}\n</code></pre>",
    );
    check(
        "```diff\n-a\n+b\n```",
        "<pre><code class=\"language-diff\"><span class=\"hl-markup hl-deleted\">-a\n</span><span class=\"hl-markup hl-inserted\">+b\n</span></code></pre>",
    );
}

#[test]
fn every_language_accepts_any_code() {
    let code = "#!x\nfn f(a: 'b, c=\"d\\\"\" 'e' '\\u{1F600}' '\\字' ) { <a b='c'> 1.5e3 0x1f $x ${y} @z /* \n */ -- // # ; `q` '''\n<!-- \"\"\" 字 \\";
    for language in super::languages::LANGUAGES {
        let coloured = super::highlight::html(code, language).unwrap();
        assert_eq!(strict::text(&coloured), code, "{}", language.class);
        let names = language.aliases.iter().copied().chain(language.class.strip_prefix("language-"));
        for name in names {
            let html = render(&format!("```{name}\nx\n```"));
            assert!(html.contains(language.class), "{name}: {html}");
            strict::check(&html);
        }
    }
}

#[test]
fn hostile_input_is_neutralised() {
    #[derive(serde::Deserialize)]
    struct Payload {
        name: String,
        text: String,
        #[serde(default)]
        short: bool,
    }
    let corpus: Vec<Payload> = serde_json::from_str(include_str!("../../../end2end/corpus/xss.json")).unwrap();
    assert!(corpus.len() >= 80);
    assert!(corpus.iter().filter(|payload| payload.short).count() >= 20);
    for Payload { name, text, short } in corpus {
        assert!(!short || text.chars().count() <= parlor_protocol::limits::MAX_NAME_CHARS, "{name}");
        for text in [
            text.clone(),
            format!("x {text} y"),
            format!("> - {text}"),
            format!("**{text}**"),
            format!("`{text}"),
            format!("```html\n{text}"),
        ] {
            let html = render(&text);
            strict::check(&html);
            assert_eq!(sanitise::clean(&html), html, "{name} is not stable");
        }
    }
}

#[test]
fn the_sanitiser_alone_removes_hostile_html() {
    let corpus: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../../end2end/corpus/xss.json")).unwrap();
    for payload in corpus {
        let html = sanitise::clean(payload["text"].as_str().unwrap());
        // A link without its address is harmless.
        strict::check(&html.replace("<a target", "<a href=\"http://x\" target"));
    }
}

#[test]
fn nesting_bombs_render_quickly() {
    const LIMIT: Duration = Duration::from_secs(2);
    const UNITS: &str = "> |>|[|]|*|**|_|~|`|`` |<|<a |<!--|<?|&|\\|- |+ |1. |# |> - |>\n|- a\n|[a](|[a](<|![a](|](|(|)|[x]: |*a |**a |_a_ |a**b|http://|http://a|http://(|\t|x\n|字|```a\n|```rust\nfn\n```\n|<div>\n|&#x|***|*_~`[<|\"|a|\n";
    let mut sources: Vec<String> = UNITS.split('|').map(|unit| unit.repeat(8_000 / unit.chars().count())).collect();
    sources.push("|a".repeat(30) + "|\n" + &"|-".repeat(30) + "|\n" + &"|\n".repeat(3_900));
    sources.push("|a".repeat(1_300) + "|\n" + &"|-".repeat(1_300) + "|\n" + &"|\n".repeat(1_300));
    sources.push("> ".repeat(60) + "a\n" + &"b\n".repeat(3_800));
    sources.push("> a\n".repeat(2_000).replace("> a", "> > > > > a"));
    sources
        .extend(["js", "html", "yaml", "lisp"].map(|name| format!("```{name}\n{}\n```", "(a)=>{<a b=\"".repeat(650))));
    for source in sources {
        // A release build needs about ten milliseconds. The limit allows for busy machines and still detects quadratic time.
        // Repeat the measurement in case the process was not scheduled.
        let timed = || {
            let start = Instant::now();
            let html = render(&source);
            (start.elapsed(), html)
        };
        let mut tries = std::iter::repeat_with(timed).take(5);
        let (took, html) = tries.find(|(took, _)| *took < LIMIT).unwrap_or_else(timed);
        let name: String = source.chars().take(20).collect();
        assert!(took < LIMIT, "{name:?} took {took:?}");
        assert!(html.len() <= 80 * 1024, "{name:?} grew to {}", html.len());
        strict::check(&html);
        assert_eq!(sanitise::clean(&html), html, "{name:?} is not stable");
    }
}

#[test]
fn oversized_sources_are_plain_text() {
    let html = render(&"**a** ".repeat(10_000));
    assert!(html.starts_with("<p>**a** **a** "));
}

/// Random text with frequent Markdown and HTML syntax.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => "\\PC{0,8}",
        1 => any::<char>().prop_map(String::from),
        6 => prop::sample::select(vec![
            "*", "**", "_", "~~", "`", "```", "```rust\n", "```html\n", "~~~\n", "\n", "\n\n", "> ", "- ", "1. ", "    ", "# ", "|", "|-|\n", "---\n",
            "[", "](", ")", "![", "<", ">", "</", "<a href=\"", "\" onclick=\"x", "<script>", "</script>", "<!--", "-->", "<svg>", "<style>", "javascript:",
            "http://", "https://a.b/", "mailto:", "&", "&lt;", "&#106;", "\\", "\"", "'", "\0", "\r", "\t", " ", "a", "1", "/*", "*/", "//", "'a", "字",
        ]).prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_input_gives_valid_and_stable_html(source in hostile()) {
        let html = render(&source);
        strict::check(&html);
        prop_assert_eq!(&sanitise::clean(&html), &html);
        prop_assert_eq!(&render(&source), &html);
    }

    #[test]
    fn highlighting_preserves_text(code in hostile(), which in any::<prop::sample::Index>()) {
        let language = which.get(super::languages::LANGUAGES);
        if let Some(html) = super::highlight::html(&code, language) {
            prop_assert_eq!(strict::text(&html), code);
        }
    }
}
