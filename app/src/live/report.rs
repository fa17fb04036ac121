//! The connection's health in words: the lines of the panel, and the report that one copies. No word of what was written,
//! nor by whom. The report is in the reader's language, as they saw it: the page has no other.

use parlor_protocol::Millis;

use super::{connection::ConnectionState, connection_stats::ConnectionStats, transport_fallback::TransportKind};
use crate::{
    i18n::{I18n, Key},
    time,
};

/// What a line is about: its name for tests, and for people.
pub const LINES: [(&str, Key); 11] = [
    ("state", Key::StateLabel),
    ("transport", Key::TransportLabel),
    ("address", Key::AddressLabel),
    ("since", Key::SinceLabel),
    ("rtt", Key::RoundTripLabel),
    ("resume", Key::ResumeLabel),
    ("queue", Key::Messages),
    ("socket", Key::SocketLabel),
    ("closed", Key::LastCloseLabel),
    ("clock", Key::ClockLabel),
    ("server", Key::ServerLabel),
];

/// What the lines say, in the order of [`LINES`].
#[must_use]
pub fn lines(
    state: &ConnectionState,
    vitals: &ConnectionStats,
    (waiting, failed): (usize, usize),
    address: String,
    now: Millis,
    i18n: I18n,
) -> [String; 11] {
    let none = || "–".to_owned();
    let mut word = state.word(i18n).to_owned();
    if !state.is_connected() {
        word.push_str(&state.detail(i18n));
    }
    let transport = i18n.t(vitals.rung.word()).to_owned();
    let ms = |word, ms: Millis| i18n.format(word, &[("ms", &ms.to_string())]);
    let resume = vitals.resumed.as_ref().map_or_else(none, |resumed| {
        let (ago, took) = (ago(resumed.at, now, i18n), resumed.took.to_string());
        let events = i18n.plural(Key::EventCount, resumed.events.into());
        let line = i18n.format(Key::ResumeSummary, &[("ago", &ago), ("events", &events), ("ms", &took)]);
        if resumed.reloaded == 0 {
            return line;
        }
        let rooms = i18n.plural(Key::RoomCount, resumed.reloaded.into());
        i18n.format(Key::ResumeWithReload, &[("resumed", &line), ("rooms", &rooms)])
    });
    let trip = match (vitals.round_trips.last(), vitals.median()) {
        (Some(last), Some(median)) => {
            i18n.format(Key::RoundTripValues, &[("last", &last.to_string()), ("median", &median.to_string())])
        }
        _ => none(),
    };
    let socket = match vitals.ready.state {
        "" => none(),
        // The others are requests: there is no socket.
        _ if vitals.rung != TransportKind::WebSocket => none(),
        state => format!("{state}, bufferedAmount {}", vitals.ready.buffered),
    };
    let closed = vitals.ended.as_ref();
    let closed = closed.map_or_else(none, |end| {
        let (ago, code) = (ago(end.at, now, i18n), end.code.to_string());
        i18n.format(Key::LastCloseSummary, &[("ago", &ago), ("code", &code), ("why", &end.reason)])
    });
    let clock = vitals.skew.map_or_else(none, |skew| match skew {
        -20..=20 => i18n.t(Key::ClockSame).to_owned(),
        21.. => ms(Key::ClockAhead, skew),
        _ => ms(Key::ClockBehind, -skew),
    });
    let server = if vitals.server.is_empty() { none() } else { vitals.server.clone() };
    [
        word,
        transport,
        address,
        vitals.since.map_or_else(none, |since| ago(since, now, i18n)),
        trip,
        resume,
        i18n.format(Key::QueueSummary, &[("waiting", &waiting.to_string()), ("failed", &failed.to_string())]),
        socket,
        closed,
        clock,
        server,
    ]
}

/// All of it as plain text.
#[must_use]
pub fn report(lines: &[String], vitals: &ConnectionStats, agent: &str, now: Millis, i18n: I18n) -> String {
    let mut text = i18n.format(Key::ReportTitle, &[("date", &time::iso(now))]) + "\n";
    let mut line = |label: Key, value: &str| {
        text.push_str(i18n.t(label));
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    };
    for ((_, label), value) in LINES.iter().zip(lines) {
        line(*label, value);
    }
    line(Key::ReasonLabel, vitals.why);
    let mut trips = String::new();
    for trip in &vitals.round_trips {
        trips = trips + &trip.to_string() + " ";
    }
    line(Key::RoundTripsLabel, &trips);
    line(Key::BrowserLabel, agent);
    text
}

/// The graph of the round trips: points in a box of 240 by 40 for an SVG polyline, the newest at the right end; and
/// its caption. Small differences of quick answers stay small.
#[must_use]
pub fn graph(round_trips: &[u32], i18n: I18n) -> (String, String) {
    let top = round_trips.iter().copied().max().unwrap_or(0).max(50);
    let left = 240 - 4 * (round_trips.len().clamp(1, 60) - 1);
    let mut points = String::new();
    for (n, trip) in round_trips.iter().enumerate() {
        let y = 39 - u64::from(*trip) * 38 / u64::from(top);
        points.push_str(&(left + 4 * n).to_string());
        points.push(',');
        points.push_str(&y.to_string());
        points.push(' ');
    }
    (points, i18n.format(Key::RoundTripChart, &[("ms", &top.to_string())]))
}

fn ago(at: Millis, now: Millis, i18n: I18n) -> String {
    let seconds = ((now - at) / 1_000).max(0);
    let (word, n) = match seconds {
        0..2 => return i18n.t(Key::JustNow).to_owned(),
        2..120 => (Key::SecondsAgo, seconds),
        120..7_200 => (Key::MinutesAgo, seconds / 60),
        _ => (Key::HoursAgo, seconds / 3_600),
    };
    i18n.format(word, &[("n", &n.to_string())])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{
        connection_stats::{Ended, Resumed},
        transport::Readiness,
    };

    const NOW: Millis = 1_795_252_027_000;

    #[test]
    fn lines_say_what_is_known() {
        let vitals = ConnectionStats {
            rung: TransportKind::Stream,
            why: "WebSocket is blocked.",
            since: Some(NOW - 3 * 60_000),
            round_trips: vec![3, 1, 2],
            resumed: Some(Resumed { at: NOW - 5_000, took: 40, events: 1, reloaded: 2 }),
            ready: Readiness { state: "OPEN", buffered: 7 },
            ended: Some(Ended { at: NOW - 7_200_000, code: 4001, reason: "server is restarting".into() }),
            skew: Some(-1_500),
            server: "parlor 0.1.0".into(),
            ..ConnectionStats::default()
        };
        let state = ConnectionState::Reconnecting { seconds: 2, attempt: 3 };
        let lines = lines(&state, &vitals, (2, 1), "http://127.0.0.1:3000".into(), NOW, I18n::default());
        assert_eq!(
            lines.each_ref().map(String::as_str),
            [
                "Reconnecting in 2 s · try 3",
                "event stream",
                "http://127.0.0.1:3000",
                "3 min ago",
                "2 ms, median 2 ms",
                "5 s ago, 1 event in 40 ms, 2 rooms loaded anew",
                "2 waiting, 1 failed",
                "–",
                "2 h ago, 4001: server is restarting",
                "1500 ms behind",
                "parlor 0.1.0",
            ]
        );
        let text = report(&lines, &vitals, "Firefox", NOW, I18n::default());
        assert!(text.starts_with("Parlor connection report, 2026-11-21T09:07:07Z\nState: Reconnecting"));
        assert!(text.ends_with("Why: WebSocket is blocked.\nRound trips in ms: 3 1 2 \nBrowser: Firefox\n"));
    }

    #[test]
    fn only_a_websocket_is_a_socket() {
        let ready = Readiness { state: "OPEN", buffered: 7 };
        let socket = |rung| {
            let vitals = ConnectionStats { rung, ready, ..ConnectionStats::default() };
            let lines = lines(&ConnectionState::Connecting, &vitals, (0, 0), String::new(), NOW, I18n::default());
            LINES.iter().zip(lines).find(|((slug, _), _)| *slug == "socket").map(|(_, line)| line)
        };
        assert_eq!(socket(TransportKind::WebSocket).as_deref(), Some("OPEN, bufferedAmount 7"));
        assert_eq!(socket(TransportKind::Poll).as_deref(), Some("–"));
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let lines =
            lines(&ConnectionState::Connecting, &ConnectionStats::default(), (0, 0), "x".into(), NOW, I18n::default());
        assert_eq!(lines.iter().filter(|line| *line == "–").count(), 7);
    }

    #[test]
    fn the_graph_stays_in_its_box() {
        assert_eq!(graph(&[], I18n::default()), (String::new(), "Round trips, up to 50 ms".into()));
        assert_eq!(graph(&[50, 0], I18n::default()).0, "236,1 240,39 ");
        let (points, _) = graph(&[u32::MAX; 60], I18n::default());
        assert!(points.starts_with("4,1 ") && points.ends_with("240,1 "));
    }
}
