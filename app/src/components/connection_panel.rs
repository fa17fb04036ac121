//! The connection panel: the details that help when something is wrong with the connection, and a report to copy.

use leptos::{html, prelude::*, task::spawn_local};

use super::{
    close_button::CloseButton,
    lazy::{LazyPart, lazy_part},
};
use crate::{
    browser,
    clock::{self, Now},
    effect::effect,
    i18n::{I18n, Key},
    live::{
        client::Client,
        connection::ConnectionState,
        report::{self, LINES},
    },
    page::PageData,
};

/// The panel's id, for the badge that opens it.
pub const ID: &str = "connection-panel";

/// What the panel shows at one moment.
#[derive(Clone, Default)]
struct Snapshot {
    lines: [String; LINES.len()],
    /// Points of the graph of round trips, as an SVG polyline takes them.
    points: String,
    caption: String,
    /// Why this transport is used.
    why: &'static str,
    /// All of it as plain text.
    report: String,
}

impl Snapshot {
    fn take(client: Client) -> Self {
        let i18n = client.i18n;
        let now = Now::read();
        let stats = client.stats();
        let unsent = untrack(|| client.unsent(None));
        let address = browser::host() + stats.transport.path();
        let state = client.connection.get_untracked();
        let lines = report::lines(&state, &stats, (unsent.waiting, unsent.failed), address, now.monotonic, i18n);
        let (points, caption) = report::graph(&stats.round_trips, i18n);
        let why = match &state {
            ConnectionState::Connected { .. } => stats.why,
            ConnectionState::Closed { .. } => "",
            ConnectionState::Connecting | ConnectionState::Reconnecting { .. } | ConnectionState::Offline => {
                i18n.t(Key::NotConnectedHelp)
            }
        };
        let report = report::report(&lines, &stats, &browser::user_agent(), now.wall, i18n);
        Self { lines, points, caption, why, report }
    }
}

/// Whether the panel is open. Provided by context.
#[derive(Clone, Copy)]
struct IsOpen(RwSignal<bool>);

lazy_part!(connection_panel, Details);

#[component]
pub fn ConnectionPanel() -> impl IntoView {
    let i18n = expect_context::<Client>().i18n;
    let panel = NodeRef::<html::Section>::new();
    let is_open = RwSignal::new(false);
    provide_context(IsOpen(is_open));
    let on_toggle = move |_| {
        is_open.set(panel.get_untracked().is_some_and(|panel| panel.matches(":popover-open").unwrap_or(false)));
    };
    view! {
        <section
            class="connection-panel"
            id=ID
            node_ref=panel
            popover="auto"
            role="dialog"
            aria-label=i18n.t(Key::Connection)
            on:toggle=on_toggle
        >
            <LazyPart wanted=is_open load=connection_panel />
        </section>
    }
}

/// What is in the panel. It asks for new figures once a second while it is open.
#[component]
fn Details() -> impl IntoView {
    let client = expect_context::<Client>();
    let i18n = client.i18n;
    let lab = expect_context::<PageData>().offers.lab;
    let IsOpen(is_open) = expect_context();
    let report_field = NodeRef::<html::Textarea>::new();
    let snapshot = RwSignal::new(Snapshot::default());
    let refreshing = StoredValue::new(false);
    let copied = RwSignal::new(None::<Key>);
    // The report that is being copied. A new value in the field would remove the selection.
    let report = RwSignal::new(String::new());
    let refresh = move || snapshot.set(Snapshot::take(client));
    effect(move || {
        if !is_open.get() || refreshing.get_value() {
            return;
        }
        refreshing.set_value(true);
        copied.set(None);
        spawn_local(async move {
            while is_open.get_untracked() {
                client.measure_latency();
                refresh();
                // Shows the answer of a near server to the ping that this sends.
                clock::sleep(60).await;
                refresh();
                clock::sleep(940).await;
            }
            refreshing.set_value(false);
        });
    });
    let copy = move |_| {
        spawn_local(async move {
            refresh();
            let text = snapshot.read_untracked().report.clone();
            if browser::copy(&text).await {
                return copied.set(Some(Key::Copied));
            }
            report.set(text);
            // Without access to the clipboard the report is selected in a field, to be copied by hand.
            copied.set(Some(Key::CopyManually));
            request_animation_frame(move || {
                if let Some(field) = report_field.get_untracked() {
                    let _ = field.focus();
                    field.select();
                }
            });
        });
    };
    view! {
        <div class="panel-head">
            <h2>{i18n.t(Key::Connection)}</h2>
            <CloseButton popover=ID autofocus=true />
        </div>
        <p class="soft" data-testid="connection-why">
            {move || snapshot.read().why}
        </p>
        <figure>
            <svg viewBox="0 0 244 44" preserveAspectRatio="none" aria-hidden="true">
                <polyline points=move || snapshot.read().points.clone()></polyline>
            </svg>
            <figcaption>{move || snapshot.read().caption.clone()}</figcaption>
        </figure>
        <dl>{lines(snapshot, i18n)}</dl>
        <textarea
            node_ref=report_field
            aria-label=i18n.t(Key::Report)
            readonly
            rows="5"
            hidden=move || copied.get() != Some(Key::CopyManually)
            prop:value=move || report.get()
        ></textarea>
        <div class="dialog-actions">
            <span class="soft" role="status">
                {move || copied.get().map(|word| i18n.t(word))}
            </span>
            {lab
                .then(|| {
                    view! {
                        <a class="button" href="/lab" target="_blank">
                            {i18n.t(Key::TestNetwork)}
                        </a>
                    }
                })}
            <button type="button" class="button" on:click=copy>
                {i18n.t(Key::CopyReport)}
            </button>
        </div>
    }
}

fn lines(snapshot: RwSignal<Snapshot>, i18n: I18n) -> impl IntoView {
    let line = |(n, label): (usize, &Key)| {
        view! {
            <div>
                <dt>{i18n.t(*label)}</dt>
                <dd>{move || snapshot.read().lines[n].clone()}</dd>
            </div>
        }
    };
    LINES.iter().enumerate().map(line).collect_view()
}
