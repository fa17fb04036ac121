//! What a message looks like: who, when, what, and for one's own how far it has come.

use parlor_protocol::Message;

use super::{
    icons::{self, ALERT, CLOCK, MORE, TICK, TICKS},
    row::{Around, Look},
};
use crate::{
    colour,
    i18n::{I18n, Key},
    live::{outbox::Delivery, rows::MessageRow},
    text::escape,
    time,
};

/// Longer messages are folded: lines, and characters.
const LINES: usize = 40;
const CHARS: usize = 4_000;

/// A message's look.
pub(super) fn look(row: &MessageRow, around: Around) -> Look {
    let by = &row.message.by;
    let hue = colour::class(by);
    let avatar =
        ["<span class=\"avatar ", hue, "\" aria-hidden=\"true\">", &escape(&colour::initials(&by.name))].concat();
    let mut class = "message".to_owned();
    for (is, name) in [(row.starts_run, " starts-run"), (row.own, " own"), (row.names_me, " names-me")] {
        class.push_str(if is { name } else { "" });
    }
    let mut inside = vec![
        (avatar + "</span><div class=\"", "byline", byline(&escape(&by.name), hue, row.message.at, around)),
        ("</div><div data-testid=\"message-body\" class=\"".into(), "body", body(row, around.i18n)),
    ];
    if row.own {
        inside.push((
            "</div><div class=\"".into(),
            "tail",
            mark(&row.delivery, around.i18n) + &undelivered(row, around),
        ));
    }
    Look {
        tag: "article",
        kind: "message",
        class,
        id: row.message.id.to_string(),
        state: row.delivery.slug(),
        inside,
        end: [
            "</div><button type=\"button\" class=\"more\" tabindex=\"-1\" data-testid=\"more\" aria-label=\"",
            around.i18n.t(Key::MessageActions),
            "\">",
            &icons::html(MORE),
            "</button>",
        ]
        .concat(),
    }
}

fn byline(name: &str, hue: &str, at: i64, around: Around) -> String {
    let end = "</span>";
    ["<span class=\"author ", hue, "\" data-testid=\"message-author\">", name, end, &moment(at, around)].concat()
}

/// When something was, by the reader's clock.
pub(super) fn moment(at: i64, Around { zone, i18n, .. }: Around) -> String {
    ["<time datetime=\"", &time::iso(at), "\" title=\"", &zone.full(at, i18n), "\">", &zone.hhmm(at), "</time>"]
        .concat()
}

/// The server's HTML, which it has sanitised; until it comes, the text as it was typed, with nothing in it that is markup.
/// A long one is folded by the style sheet alone, so it is all there for who has no script, searches or listens.
fn body(row: &MessageRow, i18n: I18n) -> String {
    let Message { seq, html, body, .. } = &*row.message;
    let html = if *seq > 0 { html.clone() } else { ["<p class=\"plain\">", &escape(body), "</p>"].concat() };
    if !is_long(body) {
        return html;
    }
    let (all, less) = (i18n.t(Key::ShowMore), i18n.t(Key::ShowLess));
    let begin = "</div><details class=\"fold\"><summary class=\"link\" data-testid=\"show-all\"><span>";
    ["<div class=\"folded\">", &html, begin, all, "</span><span>", less, "</span></summary></details>"].concat()
}

/// Whether a message would push all others out of sight.
fn is_long(body: &str) -> bool {
    body.lines().nth(LINES).is_some() || (body.len() > CHARS && body.chars().count() > CHARS)
}

/// How far one's own message has come.
fn mark(delivery: &Delivery, i18n: I18n) -> String {
    let icon = icons::html(match delivery {
        Delivery::Queued => CLOCK,
        Delivery::Sent => TICK,
        Delivery::Stored => TICKS,
        Delivery::Failed(_) => ALERT,
    });
    let status = i18n.t(delivery.word());
    // Not said aloud each time it changes.
    let begin = "<span class=\"mark\" aria-live=\"off\" title=\"";
    [begin, status, "\">", &icon, "<span class=\"sr-only\">", status, "</span></span>"].concat()
}

/// Why it was not sent, and what one can do about that, or while it waits. While there is a connection it is gone in a
/// moment: nothing to be done about it, and no room for buttons.
fn undelivered(row: &MessageRow, Around { waits, i18n, .. }: Around) -> String {
    let mut html = match &row.delivery {
        Delivery::Failed(reason) => {
            let why = i18n.format(Key::StatusFailedReason, &[("why", &escape(reason))]);
            ["failure\"><span>", &why, "</span>", &button("retry", i18n.t(Key::Retry))].concat()
        }
        _ if waits && row.may_be_taken_back => "waits\">".into(),
        _ => return String::new(),
    };
    for (does, word) in [("edit", Key::Edit), ("copy", Key::CopyText), ("discard", Key::Discard)] {
        // What waits can be edited; what is refused may have no box left to be edited in.
        if does != "copy" || matches!(row.delivery, Delivery::Failed(_)) {
            html += &button(does, i18n.t(word));
        }
    }
    ["<p class=\"undelivered ", &html, "</p>"].concat()
}

fn button(does: &str, word: &str) -> String {
    ["<button type=\"button\" class=\"link ", does, "\" data-testid=\"", does, "\">", word, "</button>"].concat()
}
