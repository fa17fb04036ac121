//! The panel that the connection's badge opens: everything one needs to know when something is wrong with it.

use leptos::{prelude::*, task::spawn_local};

use super::{
    flag,
    icons::{CLOSE, Icon},
    text,
};
use crate::{
    browser, clock,
    live::{
        client::Client,
        report::{self, LINES},
    },
};

/// The panel's id, for the button that opens it.
pub const ID: &str = "connection-panel";
/// The report's, where it has to be copied by hand.
const REPORT: &str = "connection-report";

/// What the panel shows at the moment.
#[derive(Clone, Default)]
struct Shown {
    lines: Vec<String>,
    points: String,
    top: u32,
    why: &'static str,
    report: String,
}

impl Shown {
    fn now(client: Client) -> Self {
        let now = clock::now();
        let vitals = client.vitals.get_value();
        let messages = (client.waiting.get_untracked(), client.failed());
        let address = browser::host() + vitals.rung.path();
        let state = client.connection.get_untracked();
        let lines = Vec::from(report::lines(&state, &vitals, messages, address, now));
        let (points, top) = report::graph(&vitals.round_trips);
        let report = report::report(&lines, &vitals, &browser::agent(), now);
        let why = if state.is_connected() { vitals.why } else { "" };
        Self { lines, points, top, why, report }
    }
}

/// The panel. It looks at the connection once a second, and only while it is open.
#[component]
pub fn ConnectionPanel() -> impl IntoView {
    let client = expect_context::<Client>();
    let shown = RwSignal::new(Shown::default());
    let copied = RwSignal::new("");
    let by_hand = RwSignal::new(false);
    let looking = StoredValue::new(false);
    let toggled = move |_| {
        if !browser::is_popover_open(ID) || looking.get_value() {
            return;
        }
        looking.set_value(true);
        copied.set("");
        by_hand.set(false);
        spawn_local(async move {
            while browser::is_popover_open(ID) {
                client.look();
                // The answer to the look, and of a near server to its ping, is there with the first view.
                clock::sleep(60).await;
                shown.set(Shown::now(client));
                clock::sleep(940).await;
            }
            looking.set_value(false);
        });
    };
    // What changes by itself is shown at once.
    Effect::new(move |_| {
        client.connection.track();
        client.waiting.track();
        if looking.get_value() {
            shown.set(Shown::now(client));
        }
    });
    let copy = move |_| {
        spawn_local(async move {
            let report = Shown::now(client).report;
            let done = browser::copy(&report).await;
            copied.set(if done { "Copied." } else { "Select the text and copy it." });
            by_hand.set(!done);
            if !done {
                shown.update(|shown| shown.report = report);
                // Once the field is there.
                clock::sleep(0).await;
                browser::select(REPORT);
            }
        });
    };
    let lines = LINES
        .into_iter()
        .enumerate()
        .map(|(at, (slug, label))| {
            let value = text(move || shown.with(|shown| shown.lines.get(at).cloned().unwrap_or_default()));
            view! {
                <div>
                    <dt>{label}</dt>
                    <dd data-testid="panel-line" data-line=slug>
                        {value}
                    </dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section
            class="connection-panel"
            id=ID
            popover="auto"
            role="dialog"
            aria-labelledby="connection-title"
            data-testid="connection-panel"
            on:toggle=toggled
        >
            <div class="panel-head">
                <h2 id="connection-title">"Connection"</h2>
                <button
                    type="button"
                    class="button icon-only"
                    aria-label="Close"
                    autofocus
                    popovertarget=ID
                    popovertargetaction="hide"
                    on:click=move |_| browser::hide_popover(ID)
                >
                    <Icon path=CLOSE />
                </button>
            </div>
            <p class="connection-why" data-testid="panel-why" hidden=flag(move || shown.with(|shown| shown.why.is_empty()))>
                {text(move || shown.with(|shown| shown.why))}
            </p>
            <figure class="connection-graph">
                <svg viewBox="0 0 244 44" preserveAspectRatio="none" aria-hidden="true">
                    <polyline points=text(move || shown.with(|shown| shown.points.clone()))></polyline>
                </svg>
                <figcaption>
                    "Round trips, up to "{text(move || shown.with(|shown| shown.top.to_string()))}" ms"
                </figcaption>
            </figure>
            <dl>{lines}</dl>
            <textarea
                id=REPORT
                class="connection-report"
                aria-label="Report"
                readonly
                rows="5"
                hidden=flag(move || !by_hand.get())
                prop:value=text(move || shown.with(|shown| shown.report.clone()))
            ></textarea>
            <div class="dialog-actions">
                <span class="soft" role="status" data-testid="copied">
                    {text(move || copied.get())}
                </span>
                <button type="button" class="button" data-testid="copy-report" on:click=copy>
                    "Copy report"
                </button>
            </div>
        </section>
    }
}
