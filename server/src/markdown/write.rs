//! Turns markdown events into HTML. Every tag in the output is written here; the source gives only text and addresses.

use parlor_protocol::UserId;
use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, LinkType, Tag};

use super::{Rendered, address, grammar::Language, highlight, mention::Names, sanitise};

/// Elements open at a time beyond which inner ones are left out (their text stays).
const MAX_DEPTH: usize = 24;

/// The HTML of all events, or nothing if it grows longer than `limit` bytes.
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

/// The HTML of a text in which no character means anything.
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
    /// How each open element ends.
    open: Vec<End>,
    /// How many of them count towards [`MAX_DEPTH`].
    depth: usize,
    /// A link is open: none may start inside it.
    linked: bool,
    /// The text of a block that is written when it ends.
    block: Option<String>,
    in_table_head: bool,
}

enum End {
    /// Left out.
    Nothing,
    /// With this tag.
    Tag(&'static str),
    /// With this tag, and it counted towards the depth.
    Deep(&'static str),
    TableHead,
    /// Code, with what stood behind the fence.
    Code(Option<&'static Language>),
    /// Raw HTML, shown as typed.
    Typed,
    Link {
        address: String,
        /// False: an address that may be no link, shown behind its text.
        active: bool,
        /// Where its text begins.
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
            linked: false,
            block: None,
            in_table_head: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => {
                let end = self.start(tag);
                self.open.push(end);
            }
            Event::End(_) => {
                if let Some(end) = self.open.pop() {
                    self.end(end);
                }
            }
            Event::Text(text) => self.text(&text, true),
            Event::Html(text) | Event::InlineHtml(text) => self.text(&text, false),
            Event::Code(text) => {
                self.html.push_str("<code>");
                escape(&mut self.html, &text);
                self.html.push_str("</code>");
            }
            // In a chat, a line break is meant.
            Event::SoftBreak | Event::HardBreak => self.html.push_str("<br>\n"),
            Event::Rule => self.html.push_str("<hr>\n"),
            // Of extensions that are off.
            Event::InlineMath(text) | Event::DisplayMath(text) | Event::FootnoteReference(text) => {
                self.text(&text, false);
            }
            Event::TaskListMarker(_) => {}
        }
    }

    /// `naming`: it is read for names.
    fn text(&mut self, text: &str, naming: bool) {
        if let Some(block) = &mut self.block {
            block.push_str(text);
            return;
        }
        for (number, line) in text.split('\n').enumerate() {
            if number > 0 {
                self.html.push_str("<br>\n");
            }
            self.line(line, naming);
        }
    }

    fn line(&mut self, text: &str, naming: bool) {
        if self.linked {
            return escape(&mut self.html, text);
        }
        for (piece, href) in address::pieces(text) {
            match href {
                Some(href) => {
                    self.open_link(&href);
                    escape(&mut self.html, piece);
                    self.html.push_str("</a>");
                }
                None if naming => self.names.mark(&mut self.html, &mut self.mentions, piece),
                None => escape(&mut self.html, piece),
            }
        }
    }

    fn start(&mut self, tag: Tag<'_>) -> End {
        match tag {
            Tag::Paragraph => self.tag("<p>", "</p>\n"),
            Tag::Heading { level, .. } => {
                let (start, end) = heading(level);
                self.tag(start, end)
            }
            Tag::BlockQuote(_) => self.deep("<blockquote>\n", "</blockquote>\n"),
            Tag::List(None) => self.deep("<ul>\n", "</ul>\n"),
            Tag::List(Some(1)) => self.deep("<ol>\n", "</ol>\n"),
            Tag::List(Some(start)) => self.deep(&format!("<ol start=\"{start}\">\n"), "</ol>\n"),
            Tag::Item if matches!(self.open.last(), Some(End::Nothing)) => End::Nothing,
            Tag::Item => self.tag("<li>", "</li>\n"),
            Tag::CodeBlock(kind) => {
                self.block = Some(String::new());
                End::Code(match kind {
                    CodeBlockKind::Fenced(info) => highlight::language(&info),
                    CodeBlockKind::Indented => None,
                })
            }
            Tag::HtmlBlock => {
                self.block = Some(String::new());
                End::Typed
            }
            Tag::Table(_) => self.tag("<table>\n", "</tbody>\n</table>\n"),
            Tag::TableHead => {
                self.in_table_head = true;
                self.html.push_str("<thead>\n<tr>");
                End::TableHead
            }
            Tag::TableRow => self.tag("<tr>", "</tr>\n"),
            Tag::TableCell if self.in_table_head => self.tag("<th>", "</th>"),
            Tag::TableCell => self.tag("<td>", "</td>"),
            Tag::Emphasis => self.deep("<em>", "</em>"),
            Tag::Strong => self.deep("<strong>", "</strong>"),
            Tag::Strikethrough => self.deep("<del>", "</del>"),
            // A link cannot hold another one; an image inside a link is the link's text.
            Tag::Link { .. } | Tag::Image { .. } if self.linked => End::Nothing,
            Tag::Link { link_type: LinkType::Email, dest_url, .. } => self.link(format!("mailto:{dest_url}")),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link(dest_url.into_string()),
            // Of extensions that are off.
            _ => End::Nothing,
        }
    }

    fn tag(&mut self, start: &str, end: &'static str) -> End {
        self.html.push_str(start);
        End::Tag(end)
    }

    fn deep(&mut self, start: &str, end: &'static str) -> End {
        if self.depth == MAX_DEPTH {
            return End::Nothing;
        }
        self.depth += 1;
        self.html.push_str(start);
        End::Deep(end)
    }

    fn link(&mut self, address: String) -> End {
        let href = address::safe(&address);
        if let Some(href) = &href {
            self.open_link(href);
            self.linked = true;
        }
        End::Link { address, active: href.is_some(), from: self.html.len() }
    }

    fn open_link(&mut self, href: &str) {
        self.html.push_str("<a href=\"");
        escape(&mut self.html, href);
        self.html.push_str("\" target=\"_blank\" rel=\"");
        self.html.push_str(sanitise::REL);
        self.html.push_str("\">");
    }

    fn end(&mut self, end: End) {
        match end {
            End::Nothing => {}
            End::Tag(tag) => self.html.push_str(tag),
            End::Deep(tag) => {
                self.depth -= 1;
                self.html.push_str(tag);
            }
            End::TableHead => {
                self.in_table_head = false;
                self.html.push_str("</tr>\n</thead>\n<tbody>\n");
            }
            End::Code(language) => self.code(language),
            End::Typed => {
                let text = self.block.take().unwrap_or_default();
                self.html.push_str("<p>");
                self.text(text.trim_end_matches('\n'), false);
                self.html.push_str("</p>\n");
            }
            End::Link { address, active, from } => {
                let unnamed = self.html.len() == from;
                if active {
                    if unnamed {
                        escape(&mut self.html, &address);
                    }
                    self.html.push_str("</a>");
                    self.linked = false;
                } else if !address.is_empty() {
                    // Nothing that was typed gets lost.
                    self.html.push_str(if unnamed { "(" } else { " (" });
                    escape(&mut self.html, &address);
                    self.html.push(')');
                }
            }
        }
    }

    fn code(&mut self, language: Option<&'static Language>) {
        let code = self.block.take().unwrap_or_default();
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
