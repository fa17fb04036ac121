//! The text of the connection panel, and the report that can be copied from it. It contains no messages and no names. The
//! report is in the user's language, the only one that the page has.

use parlor_protocol::Millis;

use super::{connection::ConnectionState, connection_stats::ConnectionStats, transport_fallback::TransportKind};
use crate::{
    i18n::{I18n, Key},
    time,
};

/// The lines: their names for tests, and their labels.
pub const LINES: [Key; 11] = [
    Key::StateLabel,
    Key::TransportLabel,
    Key::AddressLabel,
    Key::SinceLabel,
    Key::RoundTripLabel,
    Key::ResumeLabel,
    Key::Messages,
    Key::SocketLabel,
    Key::LastCloseLabel,
    Key::ClockLabel,
    Key::ServerLabel,
];

/// The values of the lines, in the order of [`LINES`].
pub fn lines(
    state: &ConnectionState,
    stats: &ConnectionStats,
    (waiting, failed): (usize, usize),
    address: String,
    now: Millis,
    i18n: I18n,
) -> [String; 11] {
    let none = || "–".to_owned();
    let mut word = state.label(i18n).to_owned();
    if !state.is_connected() {
        word.push_str(&state.detail(i18n));
    }
    let transport = i18n.t(stats.transport.word()).to_owned();
    let ms = |word, ms: Millis| i18n.format(word, &[("ms", &ms.to_string())]);
    let resume = stats.resumed.as_ref().map_or_else(none, |resumed| {
        let (ago, took) = (ago(resumed.at, now, i18n), resumed.duration.to_string());
        let events = i18n.plural(Key::EventCount, resumed.events.into());
        let line = i18n.format(Key::ResumeSummary, &[("ago", &ago), ("events", &events), ("ms", &took)]);
        if resumed.reloaded == 0 {
            return line;
        }
        let rooms = i18n.plural(Key::RoomCount, resumed.reloaded.into());
        i18n.format(Key::ResumeWithReload, &[("resumed", &line), ("rooms", &rooms)])
    });
    let trip = match (stats.round_trips.last(), stats.median()) {
        (Some(last), Some(median)) => {
            i18n.format(Key::RoundTripValues, &[("last", &last.to_string()), ("median", &median.to_string())])
        }
        _ => none(),
    };
    let socket = match stats.transport_status.state {
        "" => none(),
        // Other transports have no socket.
        _ if stats.transport != TransportKind::WebSocket => none(),
        state => format!("{state}, bufferedAmount {}", stats.transport_status.buffered),
    };
    let closed = stats.last_close.as_ref();
    let closed = closed.map_or_else(none, |end| {
        let (ago, code) = (ago(end.at, now, i18n), end.code.to_string());
        i18n.format(Key::LastCloseSummary, &[("ago", &ago), ("code", &code), ("why", &end.reason)])
    });
    let clock = stats.clock_skew.map_or_else(none, |skew| match skew {
        -20..=20 => i18n.t(Key::ClockSame).to_owned(),
        21.. => ms(Key::ClockAhead, skew),
        _ => ms(Key::ClockBehind, -skew),
    });
    let server = if stats.server.is_empty() { none() } else { stats.server.clone() };
    [
        word,
        transport,
        address,
        stats.since.map_or_else(none, |since| ago(since, now, i18n)),
        trip,
        resume,
        i18n.format(Key::QueueSummary, &[("waiting", &waiting.to_string()), ("failed", &failed.to_string())]),
        socket,
        closed,
        clock,
        server,
    ]
}

/// The report as plain text.
pub fn report(lines: &[String], stats: &ConnectionStats, agent: &str, now: Millis, i18n: I18n) -> String {
    let mut text = i18n.format(Key::ReportTitle, &[("date", &time::iso(now))]) + "\n";
    let mut line = |label: Key, value: &str| {
        text.push_str(i18n.t(label));
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    };
    for (label, value) in LINES.iter().zip(lines) {
        line(*label, value);
    }
    line(Key::ReasonLabel, stats.why);
    let mut trips = String::new();
    for trip in &stats.round_trips {
        trips = trips + &trip.to_string() + " ";
    }
    line(Key::RoundTripsLabel, &trips);
    line(Key::BrowserLabel, agent);
    text
}

/// The graph of the round-trip times, and its caption: points of an SVG polyline in a box of 240 by 40, the newest at the
/// right. The top is at least 50 ms, so that small differences look small.
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
        connection_stats::{ClosedConnection, Resumed},
        transport::TransportStatus,
    };

    const NOW: Millis = 1_795_252_027_000;

    #[test]
    fn lines_show_what_is_known() {
        let stats = ConnectionStats {
            transport: TransportKind::EventStream,
            why: "WebSocket is blocked.",
            since: Some(NOW - 3 * 60_000),
            round_trips: vec![3, 1, 2],
            resumed: Some(Resumed { at: NOW - 5_000, duration: 40, events: 1, reloaded: 2 }),
            transport_status: TransportStatus { state: "OPEN", buffered: 7 },
            last_close: Some(ClosedConnection {
                at: NOW - 7_200_000,
                code: 4001,
                reason: "server is restarting".into(),
            }),
            clock_skew: Some(-1_500),
            server: "parlor 0.1.0".into(),
            ..ConnectionStats::default()
        };
        let state = ConnectionState::Reconnecting { seconds: 2, attempt: 3 };
        let lines = lines(&state, &stats, (2, 1), "http://127.0.0.1:3000".into(), NOW, I18n::default());
        assert_eq!(
            lines.each_ref().map(String::as_str),
            [
                "Reconnecting in 2 s · attempt 3",
                "event stream",
                "http://127.0.0.1:3000",
                "3 min ago",
                "2 ms, median 2 ms",
                "5 s ago, 1 event in 40 ms, 2 rooms reloaded",
                "2 waiting, 1 failed",
                "–",
                "2 h ago, 4001: server is restarting",
                "1500 ms behind",
                "parlor 0.1.0",
            ]
        );
        let text = report(&lines, &stats, "Firefox", NOW, I18n::default());
        assert!(text.starts_with("Parlor connection report, 2026-11-21T09:07:07Z\nState: Reconnecting"));
        assert!(text.ends_with("Why: WebSocket is blocked.\nRound trips in ms: 3 1 2 \nBrowser: Firefox\n"));
    }

    #[test]
    fn only_a_websocket_has_a_socket_line() {
        let transport_status = TransportStatus { state: "OPEN", buffered: 7 };
        let socket = |transport| {
            let stats = ConnectionStats { transport, transport_status, ..ConnectionStats::default() };
            let lines = lines(&ConnectionState::Connecting, &stats, (0, 0), String::new(), NOW, I18n::default());
            LINES.iter().zip(lines).find(|(label, _)| **label == Key::SocketLabel).map(|(_, line)| line)
        };
        assert_eq!(socket(TransportKind::WebSocket).as_deref(), Some("OPEN, bufferedAmount 7"));
        assert_eq!(socket(TransportKind::Poll).as_deref(), Some("–"));
    }

    #[test]
    fn unknown_values_are_dashes() {
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
