//! Tests of mentions.

use std::collections::HashMap;

use parlor_protocol::{UserId, limits};
use proptest::prelude::*;
use uuid::Uuid;

use super::{super::render_naming, strict};
use crate::{
    domain::names,
    markdown::{Names, Rendered, render},
};

fn known(people: &[&str]) -> Names {
    let users = (1..).map(|n| UserId(Uuid::from_u128(n)));
    Names::new(people.iter().map(|name| names::key(name)).zip(users).collect::<HashMap<_, _>>())
}

/// The numbers of the mentioned people, in order.
fn mentioned(rendered: &Rendered) -> Vec<u128> {
    rendered.mentions.iter().map(|user| user.0.as_u128()).collect()
}

#[track_caller]
fn check(source: &str, people: &[&str], expected: &[u128], html: &str) {
    let rendered = render_naming(source, &known(people));
    let html = html.replace("<m>", "<span class=\"mention\">").replace("</m>", "</span>");
    assert_eq!((mentioned(&rendered), rendered.html.trim_end()), (expected.to_vec(), html.as_str()), "from {source:?}");
    strict::check(&rendered.html);
}

#[test]
fn the_longest_name_at_the_start_of_a_word_counts() {
    // The last ones: a character that belongs to the one after it, and marks that belong to the one before.
    let people = ["Ann", "Ann Lee", "J. R. R. Tolkien", "张三", "민수", "𑪄", "क", "का"];
    for (source, expected, html) in [
        ("@ann", vec![1], "<p><m>@ann</m></p>"),
        ("x @Ann  Lee, y", vec![2], "<p>x <m>@Ann  Lee</m>, y</p>"),
        ("@ann's @ANN.", vec![1], "<p><m>@ann</m>'s <m>@ANN</m>.</p>"),
        ("@J. R. R. Tolkien!", vec![3], "<p><m>@J. R. R. Tolkien</m>!</p>"),
        ("你好@张三你好 @민수야", vec![4, 5], "<p>你好<m>@张三</m>你好 <m>@민수</m>야</p>"),
        ("@𑪄 x @𑪄, @का @क!", vec![6, 8, 7], "<p><m>@𑪄</m> x <m>@𑪄</m>, <m>@का</m> <m>@क</m>!</p>"),
        ("*@ann*\n- @ann lee", vec![1, 2], "<p><em><m>@ann</m></em></p>\n<ul>\n<li><m>@ann lee</m></li>\n</ul>"),
        ("@anna x@ann _@ @ ann", vec![], "<p>@anna x@ann _@ @ ann</p>"),
    ] {
        check(source, &people, &expected, html);
    }
}

#[test]
fn names_with_signs_are_mentioned_before_markup_is_found() {
    let people = ["_spider_", "ann", "ann@work", "*star*", "a`b`c", "<b>", "@home", "x_y", "👩", "http://e.com/_a_"];
    for (source, expected, html) in [
        ("@_spider_", vec![1], "<p><m>@_spider_</m></p>"),
        ("@_spider_ and _@_spider_ x_", vec![1], "<p><m>@_spider_</m> and <em><m>@_spider_</m> x</em></p>"),
        ("@ann@work, @ann", vec![3, 2], "<p><m>@ann@work</m>, <m>@ann</m></p>"),
        ("**@*star*!**", vec![4], "<p><strong><m>@*star*</m>!</strong></p>"),
        ("@a`b`c @<b>", vec![5, 6], "<p><m>@a`b`c</m> <m>@&lt;b&gt;</m></p>"),
        ("@@home @x_y", vec![7, 8], "<p><m>@@home</m> <m>@x_y</m></p>"),
        ("@http://e.com/_a_", vec![10], "<p><m>@http://e.com/_a_</m></p>"),
        (
            "_@ann_ __@ann__ *@ann* ~~@ann~~",
            vec![2],
            "<p><em><m>@ann</m></em> <strong><m>@ann</m></strong> <em><m>@ann</m></em> <del><m>@ann</m></del></p>",
        ),
        // Someone else, who is not a member.
        (
            "@ann@home @ann-lee @ann.lee @ann_ @anne\u{301} @ann\u{301} @👩\u{200d}💻",
            vec![],
            "<p>@ann@home @ann-lee @ann.lee @ann_ @anne\u{301} @ann\u{301} @👩\u{200d}💻</p>",
        ),
        (
            "@ann- @ann. @ann.你好 @ann's @ann/x",
            vec![2],
            "<p><m>@ann</m>- <m>@ann</m>. <m>@ann</m>.你好 <m>@ann</m>'s <m>@ann</m>/x</p>",
        ),
        ("\\@ann", vec![], "<p>@ann</p>"),
        ("`@_spider_` [@ann](https://x.org) https://x.org/@ann", vec![], ""),
    ] {
        if html.is_empty() {
            assert_eq!(render_naming(source, &known(&people)).html, render(source));
        } else {
            check(source, &people, &expected, html);
        }
    }
}

#[test]
fn code_links_and_html_contain_no_mentions() {
    for source in [
        "`@ann`",
        "```\n@ann\n```",
        "    @ann",
        "[@ann](https://x.org)",
        "https://x.org/@ann",
        "<b title='@ann'>",
        "<div>\n@ann\n",
    ] {
        let rendered = render_naming(source, &known(&["ann"]));
        assert_eq!((rendered.mentions.len(), rendered.html), (0, render(source)), "{source:?}");
    }
    let typed = "<span class=\"mention\">@bob</span>";
    assert!(!render_naming(typed, &known(&["ann"])).html.contains("<span"));
}

#[test]
fn a_message_has_a_limited_number_of_mentions() {
    let people: Vec<_> = (0..80).map(|n| format!("p{n}")).collect();
    let people: Vec<_> = people.iter().map(String::as_str).collect();
    let source = people.iter().map(|name| format!("@{name} ")).collect::<String>() + "@p0";
    let rendered = render_naming(&source, &known(&people));
    assert_eq!(mentioned(&rendered), (1..=limits::MAX_MENTIONS as u128).collect::<Vec<_>>());
    assert!(Names::wanted(&source).len() <= limits::MAX_MENTIONS * limits::MAX_NAME_CHARS);
    assert!(Names::wanted(&"@".repeat(8_000)).len() <= limits::MAX_NAME_CHARS);
    assert!(Names::wanted(&"@a ".repeat(2_000)).len() < 40);
}

proptest! {
    /// Every mention was a candidate, and mentions do not change the text.
    #[test]
    fn mentions_are_candidates(source in "(@?(ann|lee|张三|x)[ .\n@]?|[*`\\[\\]()<>#-]| ){0,24}") {
        let people = ["ann", "ann lee", "张三"];
        let rendered = render_naming(&source, &known(&people));
        strict::check(&rendered.html);
        let wanted = Names::wanted(&source);
        for number in mentioned(&rendered) {
            let name = usize::try_from(number - 1).ok().and_then(|at| people.get(at)).copied().unwrap_or_default();
            prop_assert!(wanted.contains(&names::key(name)), "{name} in {source:?}, of {wanted:?}");
        }
        prop_assert_eq!(strict::text(&rendered.html), strict::text(&render(&source)));
    }
}
