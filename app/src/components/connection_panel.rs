//! The panel that the connection's badge opens: everything one needs to know when something is wrong with it.
//!
//! It is plain HTML, and its values are put in by hand once a second while it is open: components and signals for each would
//! be kilobytes of wasm for what is looked at once in a while.

use leptos::{prelude::*, task::spawn_local};

use super::{effect, icons::CLOSE, still};
use crate::{
    browser, clock,
    i18n::{I18n, Key},
    live::{
        client::Client,
        connection::ConnectionState,
        report::{self, LINES},
    },
    page::Offers,
};

/// The panel's id, for the button that opens it.
pub const ID: &str = "connection-panel";
/// Ids of what changes in it besides its lines.
const WHY: &str = "connection-why";
const GRAPH: &str = "connection-graph";
const TOP: &str = "connection-top";
const COPIED: &str = "connection-copied";
const REPORT: &str = "connection-report";
const COPY: &str = "copy-report";

/// The inside of the panel, without values.
fn body(i18n: I18n) -> String {
    let word = |word| i18n.t(word);
    let mut html = format!(
        "<div class=panel-head><h2>{}</h2>\
         <button type=button class=\"button icon-only\" aria-label=\"{}\" autofocus popovertarget={ID} popovertargetaction=hide>\
         <svg class=icon viewBox=\"0 0 16 16\" aria-hidden=true><path d=\"{CLOSE}\"></path></svg></button></div>\
         <p id={WHY} class=soft></p>\
         <figure><svg viewBox=\"0 0 244 44\" preserveAspectRatio=none aria-hidden=true><polyline id={GRAPH}></polyline></svg>\
         <figcaption id={TOP}></figcaption></figure><dl>",
        word(Key::Connection),
        word(Key::Close),
    );
    for (slug, label) in LINES {
        html = html + "<div><dt>" + word(label) + "</dt><dd id=\"connection-" + slug + "\"></dd></div>";
    }
    let lab = if use_context::<Offers>().unwrap_or_default().lab {
        format!("<a class=button href=\"/lab\" target=\"_blank\">{}</a>", word(Key::TestNetwork))
    } else {
        String::new()
    };
    html + &format!(
        "</dl><textarea id={REPORT} aria-label=\"{}\" readonly rows=5 hidden></textarea>\
         <div class=dialog-actions><span id={COPIED} class=soft role=status></span>\
         {lab}\
         <button type=button class=button id={COPY}>{}</button></div>",
        word(Key::Report),
        word(Key::CopyReport),
    )
}

/// Puts the values of this moment in, and gives the report.
fn fill(client: Client) -> String {
    let now = clock::now();
    let vitals = client.vitals();
    let unsent = untrack(|| client.not_sent(None));
    let messages = (unsent.waiting, unsent.failed);
    let address = browser::host() + vitals.rung.path();
    let state = client.connection.get_untracked();
    let lines = report::lines(&state, &vitals, messages, address, now, client.i18n);
    for ((slug, _), value) in LINES.iter().zip(&lines) {
        browser::set_text(&("connection-".to_owned() + slug), value);
    }
    let (points, top) = report::graph(&vitals.round_trips, client.i18n);
    browser::set_attribute(GRAPH, "points", &points);
    browser::set_text(TOP, &top);
    let why = match &state {
        state if state.is_connected() => vitals.why,
        ConnectionState::Closed { .. } => "",
        _ => client.i18n.t(Key::NotConnectedHelp),
    };
    browser::set_text(WHY, why);
    report::report(&lines, &vitals, &browser::agent(), now, client.i18n)
}

/// The panel. It looks at the connection once a second, and only while it is open.
#[component]
pub fn ConnectionPanel() -> impl IntoView {
    let client = expect_context::<Client>();
    let looking = StoredValue::new(false);
    let toggled = move |_: web_sys::Event| {
        if !browser::is_popover_open(ID) || looking.get_value() {
            return;
        }
        looking.set_value(true);
        browser::set_text(COPIED, "");
        spawn_local(async move {
            while browser::is_popover_open(ID) {
                client.look();
                fill(client);
                // What the look finds, and the answer of a near server to its ping.
                clock::sleep(60).await;
                fill(client);
                clock::sleep(940).await;
            }
            looking.set_value(false);
        });
    };
    let copy = move |_: web_sys::Event| {
        spawn_local(async move {
            let report = fill(client);
            let done = browser::copy(&report).await;
            browser::set_text(COPIED, client.i18n.t(if done { Key::Copied } else { Key::CopyManually }));
            if !done {
                browser::offer(REPORT, &report);
            }
        });
    };
    effect(move || {
        browser::on(ID, "toggle", toggled);
        browser::on(COPY, "click", copy);
    });
    still(move || {
        view! {
            <section
                class="connection-panel"
                id=ID
                popover="auto"
                role="dialog"
                aria-label=client.i18n.t(Key::Connection)
                inner_html=body(client.i18n)
            ></section>
        }
    })
}
