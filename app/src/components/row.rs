//! One line of the timeline: a message, a day, a notice, the line above what is new.
//!
//! A row is plain HTML, and what changes in it is put in by hand: each text and attribute as a view and a signal of its own
//! would be a dozen effects for every message of a room, and kilobytes of wasm for each kind of row.

use leptos::{
    ev::{self, MouseEvent},
    html::{self, Custom},
    prelude::*,
};
use parlor_protocol::CommandId;
use web_sys::Element;

use super::{
    composer, effect,
    icons::{self, ARRIVED, LEFT},
    message,
    message_menu::Chosen,
    scroll,
};
use crate::{
    browser,
    i18n::{I18n, Key},
    live::{client::Client, rows::Row, view::RowItem},
    reactive::Look as _,
    text::escape,
    time::{self, Day, Zone},
};

/// What a row looks like, as HTML. Names and words in it are escaped, and bodies are the server's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// The element's name.
    pub tag: &'static str,
    /// What the row is, for tests.
    pub kind: &'static str,
    /// Its classes.
    pub class: String,
    /// The message's id; empty for other rows.
    pub id: String,
    /// How far the message has come; empty for other rows.
    pub state: &'static str,
    /// HTML, in turn what stays for as long as the row is there, and what may change: that is the whole inside of an element
    /// with the class of that name.
    pub inside: Vec<(String, &'static str, String)>,
    /// What follows the last of them.
    pub end: String,
}

/// What a row's look depends on besides the row.
#[derive(Clone, Copy)]
pub struct Around {
    /// The reader's clock.
    pub zone: Zone,
    /// The day it is.
    pub today: Day,
    /// The reader's language.
    pub i18n: I18n,
    /// There is no connection: what has not gone yet stays for a while.
    pub waits: bool,
}

impl Look {
    /// What a row looks like.
    #[must_use]
    pub fn of(row: &Row, around: Around) -> Self {
        match row {
            Row::Message(row) => message::look(row, around),
            Row::Day(day) => Self {
                tag: "h2",
                kind: "day",
                class: "day".into(),
                inside: vec![("<span class=\"".into(), "day-name", time::day_label(*day, around.today, around.i18n))],
                end: "</span>".into(),
                ..Self::default()
            },
            Row::New => Self {
                tag: "p",
                kind: "new-line",
                class: "new-line".into(),
                end: ["<span>", around.i18n.t(Key::NewMessagesDivider), "</span>"].concat(),
                ..Self::default()
            },
            Row::Notice { word, names, by, at } => {
                let (icon, class) = match word {
                    Key::UsersJoined | Key::MemberJoined | Key::MemberAdded => (icons::html(ARRIVED), "notice joined"),
                    Key::UsersLeft | Key::MemberLeft | Key::MemberRemoved => (icons::html(LEFT), "notice left"),
                    _ => (String::new(), "notice"),
                };
                let name = |name| ["<span class=\"notice-names\">", &escape(name), "</span>"].concat();
                let text = around.i18n.format(*word, &[("names", &name(names)), ("by", &name(by))]);
                Self {
                    tag: "p",
                    kind: "notice",
                    class: class.into(),
                    inside: vec![
                        (icon + "<span class=\"", "notice-text", text),
                        ("</span><span class=\"".into(), "soft", message::moment(*at, around)),
                    ],
                    end: "</span>".into(),
                    ..Self::default()
                }
            }
        }
    }

    /// All that is inside the row's element.
    #[must_use]
    pub fn html(&self) -> String {
        let mut html = String::new();
        for (before, class, part) in &self.inside {
            for text in [before.as_str(), class, "\">", part] {
                html.push_str(text);
            }
        }
        html + &self.end
    }

    /// Makes an element that looks as `old` look so. Only what differs is touched.
    fn put(&self, element: &Element, old: &Self) {
        let same_frame = self.end == old.end
            && self.inside.len() == old.inside.len()
            && self.inside.iter().zip(&old.inside).all(|(new, old)| new.0 == old.0);
        if !same_frame {
            element.set_inner_html(&self.html());
        }
        for ((_, class, part), (_, _, was)) in self.inside.iter().zip(&old.inside).filter(|_| same_frame) {
            if part != was
                && let Some(place) = element.get_elements_by_class_name(class).item(0)
            {
                place.set_inner_html(part);
            }
        }
        for (name, now, was) in
            [("class", self.class.as_str(), old.class.as_str()), ("data-state", self.state, old.state)]
        {
            if now != was {
                let _ = element.set_attribute(name, now);
            }
        }
    }
}

/// A row. What kind it is follows from its key and never changes.
#[component]
pub fn RowView(
    /// Names it, and follows it.
    item: RowItem,
) -> impl IntoView {
    let client = expect_context::<Client>();
    // The visitor's page has none.
    let menu = use_context::<Chosen>();
    let RowItem { row, .. } = item;
    let look = {
        let row = row.clone();
        move || {
            row.look(|row| {
                // A message that is not on its way, as nearly all are, does not ask for the connection.
                let waits = matches!(row, Row::Message(row) if row.may_be_taken_back)
                    && client.connection.look(|state| !state.is_connected());
                let today = if matches!(row, Row::Day(_)) { client.today.get() } else { 0 };
                Look::of(row, Around { zone: client.zone.get(), today, i18n: client.i18n, waits })
            })
        }
    };
    let first = untrack(&look);
    let element = NodeRef::<Custom<&'static str>>::new();
    let view = html::custom(first.tag)
        .attr("class", first.class.clone())
        .attr("data-testid", first.kind)
        .attr("data-row", "")
        .attr("data-id", (!first.id.is_empty()).then(|| first.id.clone()))
        .attr("data-state", first.state)
        .node_ref(element)
        // A copy: what is clicked may change the row, which must not be looked at meanwhile.
        .on(ev::click, move |event| clicked(client, menu, &row.get_untracked(), &event))
        .inner_html(first.html());
    let mut shown = first;
    effect(move || {
        let now = look();
        if let Some(element) = element.get_untracked() {
            now.put(&element, &shown);
        }
        shown = now;
    });
    view
}

/// A button of a message.
fn clicked(client: Client, menu: Option<Chosen>, row: &Row, event: &MouseEvent) {
    let Row::Message(row) = row else { return };
    let id: CommandId = row.message.id;
    let Some(button) = event_target::<Element>(event).closest("button, summary").ok().flatten() else { return };
    let pressed = button.get_attribute("data-testid").unwrap_or_default();
    match (pressed.as_str(), menu) {
        ("more", Some(menu)) => menu.open(client, id),
        ("show-all", _) => scroll::hold(&button),
        ("retry", _) => client.retry(id),
        ("copy", _) => browser::copy_quietly(&row.message.body),
        ("edit" | "discard", _) => {
            client.take_back(id, pressed == "edit");
            browser::focus(composer::ID);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parlor_protocol::{Message, User, UserId, UserKind};
    use uuid::Uuid;

    use super::*;
    use crate::{
        i18n::Language,
        live::{outbox::Delivery, rows::MessageRow},
    };

    const AROUND: Around =
        Around { zone: Zone::Fixed(60), today: 20_000, i18n: I18n::new(Language::English), waits: false };

    fn row(name: &str, seq: u64, delivery: Delivery) -> Row {
        let by = User { id: UserId(Uuid::from_u128(7)), name: name.into(), kind: UserKind::Guest, colour: None };
        let (id, body, html) = (CommandId(Uuid::from_u128(9)), "a <b>", "<p>a &lt;b&gt;</p>");
        let message = Message {
            id,
            seq,
            at: 8 * 3_600_000,
            by,
            body: body.into(),
            html: html.into(),
            reply_to: None,
            mentions: Vec::new(),
        };
        let message = Arc::new(message);
        Row::Message(MessageRow {
            message,
            starts_run: true,
            own: true,
            names_me: false,
            delivery,
            may_be_taken_back: true,
        })
    }

    #[test]
    fn a_name_is_text() {
        let name = "<i x=\"1\">&";
        for row in [
            row(name, 1, Delivery::Stored),
            Row::Notice { word: Key::UsersJoined, names: name.into(), by: name.into(), at: 0 },
        ] {
            let html = Look::of(&row, AROUND).html();
            assert!(html.contains("&lt;i x=&quot;1&quot;&gt;&amp;") && !html.contains("<i"), "{html}");
        }
    }

    #[test]
    fn what_the_server_has_not_seen_is_text() {
        let html = Look::of(&row("Ann", 0, Delivery::Sent), AROUND).html();
        assert!(html.contains("<p class=\"plain\">a &lt;b&gt;</p>"), "{html}");
        let refused = Look::of(&row("Ann", 0, Delivery::Failed("<script>".into())), AROUND).html();
        assert!(refused.contains("Not sent: &lt;script&gt;") && refused.contains("retry"), "{refused}");
    }

    #[test]
    fn what_is_long_is_folded_and_whole() {
        let folded = |body: &str| {
            let Row::Message(mut row) = row("Ann", 0, Delivery::Stored) else { return false };
            Arc::make_mut(&mut row.message).body = body.into();
            let html = Look::of(&Row::Message(row), AROUND).html();
            assert!(html.contains(body), "{html}");
            html.contains("show-all")
        };
        assert!(!folded(&"line\n".repeat(40)) && folded(&"line\n".repeat(41)));
        assert!(!folded(&"字".repeat(4_000)) && folded(&"字".repeat(4_001)));
    }

    #[test]
    fn only_what_changes_differs() {
        let (sent, stored) = (row("Ann", 0, Delivery::Sent), row("Ann", 3, Delivery::Stored));
        let (sent, stored) = (Look::of(&sent, AROUND), Look::of(&stored, AROUND));
        let frame =
            |look: &Look| look.inside.iter().map(|(before, class, _)| (before.clone(), *class)).collect::<Vec<_>>();
        assert_eq!(frame(&sent), frame(&stored), "the frame stays");
        assert_eq!((sent.state, stored.state), ("sent", "stored"));
        let differ = sent.inside.iter().zip(&stored.inside).filter(|(a, b)| a != b);
        assert_eq!(differ.map(|(part, _)| part.1).collect::<Vec<_>>(), ["body", "tail"]);
    }

    #[test]
    fn what_waits_can_be_taken_back_while_there_is_no_connection() {
        let waiting = row("Ann", 0, Delivery::Queued);
        assert!(!Look::of(&waiting, AROUND).html().contains("discard"));
        let html = Look::of(&waiting, Around { waits: true, ..AROUND }).html();
        assert!(html.contains("discard") && html.contains("waits") && !html.contains("retry"), "{html}");
    }

    #[test]
    fn who_came_and_went_is_said_in_the_order_of_the_language() {
        let row = Row::Notice { word: Key::UsersLeft, names: "Ann".into(), by: String::new(), at: 8 * 3_600_000 };
        for (language, end) in
            [(Language::English, "Ann</span> left</span>"), (Language::Chinese, "Ann</span> 离开了房间</span>")]
        {
            let html = Look::of(&row, Around { i18n: I18n::new(language), ..AROUND }).html();
            assert!(html.contains(end) && html.contains(">09:00</time>"), "{html}");
        }
    }

    #[test]
    fn times_are_the_readers() {
        let html = Look::of(&row("Ann", 1, Delivery::Stored), AROUND).html();
        assert!(html.contains(">09:00</time>"), "{html}");
    }
}
