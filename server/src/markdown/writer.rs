//! Writes Markdown events as HTML. Every tag in the output comes from here; the source provides only text and addresses.

use parlor_protocol::{UserId, limits};
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Tag};

use super::{
    Rendered,
    grammar::Language,
    highlight, links,
    mention::{self, Names},
    protect::{Piece, pieces, restore},
    sanitise,
};

/// Maximum nesting depth. Deeper elements are left out; their text stays.
const MAX_DEPTH: usize = 24;

/// The HTML of all events, or `None` if it exceeds `limit` bytes.
pub(super) fn html<'a>(events: impl Iterator<Item = Event<'a>>, limit: usize, names: &Names) -> Option<Rendered> {
    let mut writer = Writer::new(names);
    for event in events {
        writer.event(event);
        if writer.html.len() > limit {
            return None;
        }
    }
    Some(Rendered { html: writer.html, mentions: writer.mentions })
}

pub(super) fn plain(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8 + 16);
    html.push_str("<p>");
    lines(&mut html, text);
    html.push_str("</p>\n");
    html
}

pub(super) fn escape(html: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = rest.find(['&', '<', '>', '"']) {
        html.push_str(&rest[..at]);
        html.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&quot;",
        });
        rest = &rest[at + 1..];
    }
    html.push_str(rest);
}

/// Escapes a text and keeps its line breaks.
fn lines(html: &mut String, text: &str) {
    for (number, line) in text.trim_end_matches('\n').split('\n').enumerate() {
        if number > 0 {
            html.push_str("<br>\n");
        }
        escape(html, line);
    }
}

struct Writer<'a> {
    html: String,
    names: &'a Names,
    mentions: Vec<UserId>,
    open: Vec<OpenElement>,
    /// How many of them count towards [`MAX_DEPTH`].
    depth: usize,
    /// Links cannot be nested.
    in_link: bool,
    /// The text of an open code or HTML block, which is written at its end.
    block: Option<String>,
    in_table_head: bool,
}

enum OpenElement {
    /// Nothing was written.
    Omitted,
    Tag(&'static str),
    /// A tag that counts towards the depth.
    Nested(&'static str),
    TableHead,
    Code(Option<&'static Language>),
    /// Raw HTML, shown as text.
    EscapedHtml,
    Link {
        address: String,
        /// False if the address is not allowed: it is shown after the text.
        active: bool,
        /// Position of the link's text.
        from: usize,
    },
}

impl<'a> Writer<'a> {
    fn new(names: &'a Names) -> Self {
        Self {
            html: String::new(),
            names,
            mentions: Vec::new(),
            open: Vec::new(),
            depth: 0,
            in_link: false,
            block: None,
            in_table_head: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let element = self.start(tag);
                self.open.push(element);
            }
            Event::End(_) => {
                if let Some(element) = self.open.pop() {
                    self.close(element);
                }
            }
            Event::Text(text) => self.text(&text, true),
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text, false),
            Event::Code(text) => {
                self.html.push_str("<code>");
                escape(&mut self.html, &restore(&text));
                self.html.push_str("</code>");
            }
            // Line breaks in a message are intended.
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            // Events of disabled extensions.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text, false);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    /// Writes text; with `mentions`, it can contain them.
    fn text(&mut self, text: &str, mentions: bool) {
        if let Some(block) = &mut self.block {
            block.push_str(text);
            return;
        }
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.html.push_str("<br>\n");
            }
            self.line(line, mentions);
        }
    }

    fn line(&mut self, text: &str, mentions: bool) {
        for piece in pieces(text) {
            match piece {
                Piece::Url(url) if !self.in_link => match links::safe_href(&url) {
                    Some(href) => {
                        self.open_link(&href);
                        escape(&mut self.html, &url);
                        self.html.push_str("</a>");
                    }
                    None => escape(&mut self.html, &url),
                },
                Piece::Mention(name) if mentions && !self.in_link => self.mention(&name),
                Piece::Text(text) | Piece::Url(text) | Piece::Mention(text) => escape(&mut self.html, &text),
            }
        }
    }

    /// Writes `@name`: as a mention, unless the message has the maximum number of other ones.
    fn mention(&mut self, text: &str) {
        let user = text.strip_prefix('@').and_then(|name| self.names.user(name));
        let known = user.filter(|user| self.mentions.contains(user) || self.mentions.len() < limits::MAX_MENTIONS);
        let Some(user) = known else { return escape(&mut self.html, text) };
        if !self.mentions.contains(&user) {
            self.mentions.push(user);
        }
        self.html.push_str("<span class=\"");
        self.html.push_str(mention::CLASS);
        self.html.push_str("\">");
        escape(&mut self.html, text);
        self.html.push_str("</span>");
    }

    fn start(&mut self, tag: Tag<'_>) -> OpenElement {
        match tag {
            Tag::Paragraph => self.tag("<p>", "</p>\n"),
            Tag::Heading { level, .. } => {
                let (start, end) = heading(level);
                self.tag(start, end)
            }
            Tag::BlockQuote(_) => self.nested("<blockquote>\n", "</blockquote>\n"),
            Tag::List(None) => self.nested("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.nested("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => self.nested(&format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            Tag::Item if matches!(self.open.last(), Some(OpenElement::Omitted)) => OpenElement::Omitted,
            Tag::Item => self.tag("<li>", "</li>\n"),
            Tag::CodeBlock(kind) => {
                self.block = Some(String::new());
                OpenElement::Code(match kind {
                    CodeBlockKind::Fenced(info) => highlight::language(&restore(&info)),
                    CodeBlockKind::Indented => None,
                })
            }
            Tag::HtmlBlock => {
                self.block = Some(String::new());
                OpenElement::EscapedHtml
            }
            Tag::Table(_) => self.tag("<table>\n", "</tbody>\n</table>\n"),
            Tag::TableHead => {
                self.in_table_head = true;
                self.html.push_str("<thead>\n<tr>");
                OpenElement::TableHead
            }
            Tag::TableRow => self.tag("<tr>", "</tr>\n"),
            Tag::TableCell if self.in_table_head => self.tag("<th>", "</th>"),
            Tag::TableCell => self.tag("<td>", "</td>"),
            Tag::Emphasis => self.nested("<em>", "</em>"),
            Tag::Strong => self.nested("<strong>", "</strong>"),
            Tag::Strikethrough => self.nested("<del>", "</del>"),
            // Links cannot be nested; an image inside a link is the link's text.
            Tag::Link { .. } | Tag::Image { .. } if self.in_link => OpenElement::Omitted,
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => {
                self.link(format!("mailto:{}", restore(&dest_url)))
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(restore(&dest_url).into_owned()),
            // Events of disabled extensions.
            _ => OpenElement::Omitted,
        }
    }

    fn tag(&mut self, start: &str, end: &'static str) -> OpenElement {
        self.html.push_str(start);
        OpenElement::Tag(end)
    }

    fn nested(&mut self, start: &str, end: &'static str) -> OpenElement {
        if self.depth == MAX_DEPTH {
            return OpenElement::Omitted;
        }
        self.depth += 1;
        self.html.push_str(start);
        OpenElement::Nested(end)
    }

    fn link(&mut self, address: String) -> OpenElement {
        let href = links::safe_href(&address);
        if let Some(href) = &href {
            self.open_link(href);
            self.in_link = true;
        }
        OpenElement::Link { address, active: href.is_some(), from: self.html.len() }
    }

    fn open_link(&mut self, href: &str) {
        self.html.push_str("<a href=\"");
        escape(&mut self.html, href);
        self.html.push_str("\" target=\"_blank\" rel=\"");
        self.html.push_str(sanitise::REL);
        self.html.push_str("\">");
    }

    fn close(&mut self, element: OpenElement) {
        match element {
            OpenElement::Omitted => {}
            OpenElement::Tag(tag) => self.html.push_str(tag),
            OpenElement::Nested(tag) => {
                self.depth -= 1;
                self.html.push_str(tag);
            }
            OpenElement::TableHead => {
                self.in_table_head = false;
                self.html.push_str("</tr>\n</thead>\n<tbody>\n");
            }
            OpenElement::Code(language) => self.code(language),
            OpenElement::EscapedHtml => {
                let text = self.block.take().unwrap_or_default();
                self.html.push_str("<p>");
                self.text(text.trim_end_matches('\n'), false);
                self.html.push_str("</p>\n");
            }
            OpenElement::Link { address, active, from } => {
                let is_empty = self.html.len() == from;
                if active {
                    if is_empty {
                        escape(&mut self.html, &address);
                    }
                    self.html.push_str("</a>");
                    self.in_link = false;
                } else if !address.is_empty() {
                    // Keep the address as text.
                    self.html.push_str(if is_empty { "(" } else { " (" });
                    escape(&mut self.html, &address);
                    self.html.push(')');
                }
            }
        }
    }

    fn code(&mut self, language: Option<&'static Language>) {
        let block = self.block.take().unwrap_or_default();
        let code = restore(&block);
        self.html.push_str("<pre><code");
        if let Some(language) = language {
            self.html.push_str(" class=\"");
            self.html.push_str(language.class);
            self.html.push('"');
        }
        self.html.push('>');
        match language.and_then(|language| highlight::html(&code, language)) {
            Some(spans) => self.html.push_str(&spans),
            None => escape(&mut self.html, &code),
        }
        self.html.push_str("</code></pre>\n");
    }
}

fn heading(level: HeadingLevel) -> (&'static str, &'static str) {
    match level {
        HeadingLevel::H1 => ("<h1>", "</h1>\n"),
        HeadingLevel::H2 => ("<h2>", "</h2>\n"),
        HeadingLevel::H3 => ("<h3>", "</h3>\n"),
        HeadingLevel::H4 => ("<h4>", "</h4>\n"),
        HeadingLevel::H5 => ("<h5>", "</h5>\n"),
        HeadingLevel::H6 => ("<h6>", "</h6>\n"),
    }
}
