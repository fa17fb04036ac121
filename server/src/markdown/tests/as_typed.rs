//! Text as people write it: what is accepted, and what it shows.

use std::collections::HashMap;

use parlor_protocol::{
    UserId, limits,
    validate::{self, ValidationError},
};
use proptest::prelude::*;
use uuid::Uuid;

use super::{super::render_naming, strict};
use crate::{
    domain::names,
    markdown::{Names, render, sanitise},
};

/// A sent message as HTML, with `<a URL>` for a link.
fn shown(body: &str) -> Result<String, ValidationError> {
    let html = render(validate::body(body)?);
    strict::check(&html);
    let attributes = format!("\" target=\"_blank\" rel=\"{}\">", sanitise::REL);
    Ok(html.trim_end().replace("<a href=\"", "<a ").replace(&attributes, ">"))
}

#[test]
fn messages_show_what_was_typed() {
    const EMPTY: Result<&str, ValidationError> = Err(ValidationError::Empty);
    const FORBIDDEN: Result<&str, ValidationError> = Err(ValidationError::ForbiddenCharacter);
    let mut wrong = Vec::new();
    for (body, expected) in [
        // Link reference definitions.
        ("[TODO]: tests", Ok("<p>[TODO]: tests</p>")),
        ("[12:30]: hello", Ok("<p>[12:30]: hello</p>")),
        ("a\n\n[b]: <c> 'd'\n[e]: f", Ok("<p>a</p>\n<p>[b]: &lt;c&gt; 'd'<br>\n[e]: f</p>")),
        ("> [a]: b", Ok("<blockquote>\n<p>[a]: b</p>\n</blockquote>")),
        ("`[a]: b`", Ok("<p><code>[a]: b</code></p>")),
        ("```\n[a]: b\n```", Ok("<pre><code>[a]: b\n</code></pre>")),
        // Markup without text.
        ("#", Ok("<p>#</p>")),
        ("+", Ok("<p>+</p>")),
        ("-", Ok("<p>-</p>")),
        (">", Ok("<p>&gt;</p>")),
        ("1.", Ok("<p>1.</p>")),
        ("```", Ok("<p>```</p>")),
        ("```rust\n```", Ok("<p>```rust<br>\n```</p>")),
        ("# #\n> -", Ok("<p># #<br>\n&gt; -</p>")),
        ("[]()", Ok("<p>[]()</p>")),
        ("&#8203;", Ok("<p>&amp;#8203;</p>")),
        ("&nbsp;", Ok("<p>&amp;nbsp;</p>")),
        ("---", Ok("<hr>")),
        // Nothing, and control characters.
        ("\u{2800}", EMPTY),
        ("\u{200b}", EMPTY),
        ("\u{2060}\u{3164}\n\u{ad}", EMPTY),
        ("a\x1b[2Jb", FORBIDDEN),
        ("a\x08b", FORBIDDEN),
        ("a\u{9b}b", FORBIDDEN),
        ("a\r\nb\tc", Ok("<p>a<br>\nb\tc</p>")),
        // URLs with markup.
        (
            "https://example.com/a/__init__.py#L3",
            Ok("<p><a https://example.com/a/__init__.py#L3>https://example.com/a/__init__.py#L3</a></p>"),
        ),
        ("http://example.com/_foo_/bar", Ok("<p><a http://example.com/_foo_/bar>http://example.com/_foo_/bar</a></p>")),
        ("x https://e.com/*a*~~b~~ y", Ok("<p>x <a https://e.com/*a*~~b~~>https://e.com/*a*~~b~~</a> y</p>")),
        (
            "https://e.com/?a=1&copy=2&amp;b",
            Ok("<p><a https://e.com/?a=1&amp;copy=2&amp;amp;b>https://e.com/?a=1&amp;copy=2&amp;amp;b</a></p>"),
        ),
        ("**https://e.com/a_b_c**", Ok("<p><strong><a https://e.com/a_b_c>https://e.com/a_b_c</a></strong></p>")),
        ("_see https://e.com/a_", Ok("<p><em>see <a https://e.com/a>https://e.com/a</a></em></p>")),
        ("~~https://e.com~~", Ok("<p><del><a https://e.com>https://e.com</a></del></p>")),
        ("https://e.com/a\\_b", Ok("<p><a https://e.com/a_b>https://e.com/a_b</a></p>")),
        ("[a](https://e.com/_b_(c)?d&amp;e 'f')", Ok("<p><a https://e.com/_b_(c)?d&amp;e>a</a></p>")),
        ("[a](https://e.com/b c) d", Ok("<p>[a](<a https://e.com/b>https://e.com/b</a> c) d</p>")),
        ("<https://e.com/_a_>", Ok("<p><a https://e.com/_a_>https://e.com/_a_</a></p>")),
        ("`https://e.com/_a_`", Ok("<p><code>https://e.com/_a_</code></p>")),
        ("```\nhttps://e.com/_a_\n```", Ok("<pre><code>https://e.com/_a_\n</code></pre>")),
        (
            "|a|\n|-|\n|https://e.com/_a_|",
            Ok(
                "<table>\n<thead>\n<tr><th>a</th></tr>\n</thead>\n<tbody>\n<tr><td><a https://e.com/_a_>https://e.com/_a_</a></td></tr>\n</tbody>\n</table>",
            ),
        ),
        ("<b a='https://e.com'>", Ok("<p>&lt;b a='<a https://e.com>https://e.com</a>'&gt;</p>")),
        // Where URLs begin and end.
        ("看https://example.com很好用", Ok("<p>看<a https://example.com>https://example.com</a>很好用</p>")),
        ("https://e.com/a?b=c看", Ok("<p><a https://e.com/a?b=c>https://e.com/a?b=c</a>看</p>")),
        ("https://e.com/a，b", Ok("<p><a https://e.com/a>https://e.com/a</a>，b</p>")),
        (
            "https://zh.wikipedia.org/wiki/中文",
            Ok("<p><a https://zh.wikipedia.org/wiki/中文>https://zh.wikipedia.org/wiki/中文</a></p>"),
        ),
        ("http://例子.测试/a", Ok("<p><a http://例子.测试/a>http://例子.测试/a</a></p>")),
        ("https://münchen.de/straße", Ok("<p><a https://münchen.de/straße>https://münchen.de/straße</a></p>")),
        (
            "https://app.example.org#/room/1",
            Ok("<p><a https://app.example.org#/room/1>https://app.example.org#/room/1</a></p>"),
        ),
        ("http://[::1]:3000/x", Ok("<p><a http://[::1]:3000/x>http://[::1]:3000/x</a></p>")),
        ("http://localhost:3000", Ok("<p><a http://localhost:3000>http://localhost:3000</a></p>")),
        ("(https://e.com/a_(b)).", Ok("<p>(<a https://e.com/a_(b)>https://e.com/a_(b)</a>).</p>")),
        (
            "'https://e.com/a' “https://e.com”",
            Ok("<p>'<a https://e.com/a>https://e.com/a</a>' “<a https://e.com>https://e.com</a>”</p>"),
        ),
        (
            "git+https://e.com xhttps://e.com https:// https://.",
            Ok("<p>git+https://e.com xhttps://e.com https:// https://.</p>"),
        ),
        // Emphasis beside Chinese.
        ("**注意：**请看", Ok("<p><strong>注意：</strong>请看</p>")),
        ("请看**「注意」**吧", Ok("<p>请看<strong>「注意」</strong>吧</p>")),
        ("看**\"a\"**吧", Ok("<p>看<strong>\"a\"</strong>吧</p>")),
        ("看**`a`**吧", Ok("<p>看<strong><code>a</code></strong>吧</p>")),
        ("看~~（旧）~~吧", Ok("<p>看<del>（旧）</del>吧</p>")),
        ("**[文](https://e.com)**。*a*：b", Ok("<p><strong><a https://e.com>文</a></strong>。<em>a</em>：b</p>")),
        ("**https://e.com/**请看", Ok("<p><strong><a https://e.com/>https://e.com/</a></strong>请看</p>")),
        ("2 * 3 * 4，\\*中\\*", Ok("<p>2 * 3 * 4，*中*</p>")),
        ("`看**：**看`", Ok("<p><code>看**：**看</code></p>")),
    ] {
        let found = shown(body);
        if found.as_deref() != expected.as_ref().map(|html| *html) {
            wrong.push(format!("{body:?}\n  shows {found:?}\n  not   {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The host and the parts after it, from characters that a valid URL may have (WHATWG URL, section 4.3) and which people would
/// not take for the end of a sentence.
fn url() -> impl Strategy<Value = String> {
    let host = prop_oneof![
        "[a-z0-9]{1,8}(-[a-z0-9]{1,4})?(\\.[a-z0-9]{1,6}){0,3}",
        "[a-z]{1,4}:[a-z_.~-]{1,4}@[a-z]{1,6}\\.org",
        "127\\.0\\.0\\.1",
        Just("[::1]".to_owned()),
        "[äöüß]{1,5}\\.de",
        "[中文例子]{1,5}\\.[测试]{2}",
    ];
    let path = prop_oneof![
        3 => "(/[-a-zA-Z0-9_~!$&'*+,;=:@%.]{0,10}){0,3}/[-a-zA-Z0-9_~$&*+=@/é]{0,4}",
        1 => "/wiki/[中文例子]{1,4}(/[a-z]{1,3})?",
        1 => "/wiki/[a-z_]{1,6}_\\([a-z_]{1,6}\\)",
    ];
    let (query, fragment) =
        ("(\\?[-a-zA-Z0-9_~!$&'*+,;=:@%.]{0,10}[a-z*_=])?", "(#/?[-a-zA-Z0-9_~!$&'*+,;=:@%.]{0,10}[a-z*_=])?");
    let port = prop_oneof![Just(""), Just(":3000")];
    let rest = prop_oneof!["", (path, query).prop_map(|(path, query)| path + &query), query];
    (prop::sample::select(vec!["https", "http", "HTTPS"]), host, port, rest, fragment)
        .prop_map(|(scheme, host, port, rest, fragment)| format!("{scheme}://{host}{port}{rest}{fragment}"))
}

/// A name as accounts and guests may have it.
fn name() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        2 => "[-_@*`~.:/<>\\[\\]()|&#!a-c ]{1,32}",
        1 => "\\PC{1,32}",
        1 => "[a-z中文_@ é👩🏽\u{200d}\u{301}\u{fe0f}]{1,32}",
        1 => "[中文]{13,32}",
        1 => any::<String>(),
    ];
    text.prop_filter_map("not a valid name", |text| {
        validate::name(&text).ok().filter(|name| !names::key(name).is_empty())
    })
}

fn known(people: &[&str]) -> Names {
    let users = (1..).map(|n| UserId(Uuid::from_u128(n)));
    Names::new(people.iter().map(|name| names::key(name)).zip(users).collect::<HashMap<_, _>>())
}

/// HTML as its text, with what is not shown.
fn is_visible(html: &str) -> bool {
    html.contains("<hr>") || !strict::text(&html.replace("&nbsp;", "\u{a0}")).chars().all(validate::is_blank)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_message_renders_to_nothing(source in prop_oneof![
        super::hostile(),
        "[-+*#>`~|1.)_=:! \n\\[\\]()&;\u{200b}]{1,12}",
        "(\\[[a-z :]{1,6}\\]: ?[a-z<>\"' ]{0,8}\n?){1,3}",
        "&(#8203|#x2060|nbsp|zwj|shy|#12644|ZeroWidthSpace);",
    ]) {
        if let Ok(body) = validate::body(&source) {
            let html = render(body);
            strict::check(&html);
            prop_assert!(is_visible(&html), "{source:?} gives {html:?}");
        }
    }

    #[test]
    fn every_valid_name_can_be_mentioned(
        name in name(), before in prop::sample::select(vec!["", "hi ", "(", "**", "你好", "- ", "> "]), after in prop::sample::select(vec!["", " x", "\nx", ", x", "! "]),
    ) {
        // Shorter names must not be meant instead.
        let shorter: String = name.chars().take(name.chars().count() / 2).collect();
        let another = if names::key(&name) == "x" { "y" } else { "x" };
        let shorter = if ["", &names::key(&name)].contains(&&*names::key(&shorter)) { another } else { shorter.trim() };
        let source = format!("{before}@{name}{after}");
        let rendered = render_naming(&source, &known(&[&name, shorter]));
        strict::check(&rendered.html);
        prop_assert_eq!(&rendered.mentions, &[UserId(Uuid::from_u128(1))], "{:?}: {}", name, rendered.html);
        let wanted = Names::wanted(&source);
        prop_assert!(wanted.contains(&names::key(&name)), "{:?} wants {:?}", source, wanted);
        let mut shown = String::new();
        super::super::writer::escape(&mut shown, &format!("@{name}"));
        let span = format!("<span class=\"mention\">{}</span>", sanitise::clean(&shown));
        prop_assert!(rendered.html.contains(&span), "{span} in {}", rendered.html);
    }

    #[test]
    fn every_url_stays_whole(
        url in url(), before in prop::sample::select(vec!["", "see ", "(", "看", "> ", "_a_ ", "“"]), after in prop::sample::select(vec!["", " x", ".", "，看", "\n", ")", "” x"]),
    ) {
        prop_assume!(url::parses(&url));
        // The end of emphasis is not part of a URL.
        prop_assume!(!(before.contains('_') && url.ends_with('_')));
        let source = format!("{before}{url}{after}");
        let html = render(&source);
        strict::check(&html);
        let mut address = String::new();
        super::super::writer::escape(&mut address, &url);
        let encoded = address.replace('\'', "%27");
        let link = format!("<a href=\"{encoded}\" target=\"_blank\" rel=\"{}\">{address}</a>", sanitise::REL);
        prop_assert!(html.contains(&link), "{link} in {html}");
    }

    #[test]
    fn texts_without_markup_are_shown_in_full(text in "[a-z中文，：！@.:/\\[\\] ]{1,40}") {
        prop_assume!(!text.trim().is_empty() && !text.contains("]("));
        let html = render(text.trim());
        let shown = strict::text(&html);
        prop_assert_eq!(shown.trim_end(), text.trim());
    }
}

mod url {
    pub(super) fn parses(url: &str) -> bool {
        ammonia::Url::parse(url).is_ok()
    }
}

#[test]
fn the_longest_name_is_looked_for_within_its_limit() {
    let name = "名".repeat(limits::MAX_NAME_CHARS);
    assert!(Names::wanted(&format!("@{name}")).contains(&name));
    assert!(Names::wanted(&"@名".repeat(4_000)).len() <= limits::MAX_MENTIONS * limits::MAX_NAME_CHARS);
}
