//! The connection's health in words: the lines of the panel, and the report that one copies. No word of what was written,
//! nor by whom.

use parlor_protocol::Millis;

use super::{connection::ConnectionState, vitals::Vitals};
use crate::time;

/// What a line is about: its name for tests, and for people.
pub const LINES: [(&str, &str); 11] = [
    ("state", "State"),
    ("transport", "Transport"),
    ("address", "Address"),
    ("since", "Since"),
    ("rtt", "Round trip"),
    ("resume", "Last resume"),
    ("queue", "Messages"),
    ("socket", "Socket"),
    ("closed", "Last close"),
    ("clock", "Server’s clock"),
    ("server", "Server"),
];

/// What the lines say, in the order of [`LINES`].
#[must_use]
pub fn lines(
    state: &ConnectionState,
    vitals: &Vitals,
    (waiting, failed): (usize, usize),
    address: String,
    now: Millis,
) -> [String; 11] {
    let none = || "–".to_owned();
    let mut word = state.word().to_owned();
    if !state.is_connected() {
        word.push_str(&state.detail());
    }
    let transport = vitals.rung.name().to_owned();
    let resume = vitals.resumed.as_ref().map_or_else(none, |resumed| {
        let mut words = format!("{}, {} in {} ms", ago(resumed.at, now), count(resumed.events, "event"), resumed.took);
        if resumed.reloaded > 0 {
            words = format!("{words}, {} loaded anew", count(resumed.reloaded, "room"));
        }
        words
    });
    let trip = match (vitals.round_trips.last(), vitals.median()) {
        (Some(last), Some(median)) => format!("{last} ms, median {median} ms"),
        _ => none(),
    };
    let socket = match vitals.ready.state {
        "" => none(),
        state => format!("{state}, bufferedAmount {}", vitals.ready.buffered),
    };
    let closed = vitals.ended.as_ref();
    let closed = closed.map_or_else(none, |end| format!("{}, {}: {}", ago(end.at, now), end.code, end.reason));
    let clock = vitals.skew.map_or_else(none, |skew| match skew {
        -20..=20 => "as this one".to_owned(),
        21.. => format!("{skew} ms ahead"),
        _ => format!("{} ms behind", -skew),
    });
    let server = if vitals.server.is_empty() { none() } else { vitals.server.clone() };
    [
        word,
        transport,
        address,
        vitals.since.map_or_else(none, |since| ago(since, now)),
        trip,
        resume,
        format!("{waiting} waiting, {failed} failed"),
        socket,
        closed,
        clock,
        server,
    ]
}

/// All of it as plain text.
#[must_use]
pub fn report(lines: &[String], vitals: &Vitals, agent: &str, now: Millis) -> String {
    let mut text = format!("Parlor connection report, {}\n", time::iso(now));
    let mut line = |label: &str, value: &str| {
        text.push_str(label);
        text.push_str(": ");
        text.push_str(value);
        text.push('\n');
    };
    for ((_, label), value) in LINES.iter().zip(lines) {
        line(label, value);
    }
    line("Why", vitals.why);
    let mut trips = String::new();
    for trip in &vitals.round_trips {
        trips = trips + &trip.to_string() + " ";
    }
    line("Round trips in ms", &trips);
    line("Browser", agent);
    text
}

/// The graph of the round trips: points in a box of 240 by 40 for an SVG polyline, the newest at the right end; and
/// its caption. Small differences of quick answers stay small.
#[must_use]
pub fn graph(round_trips: &[u32]) -> (String, String) {
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
    (points, format!("Round trips, up to {top} ms"))
}

fn count(n: u32, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn ago(at: Millis, now: Millis) -> String {
    let seconds = ((now - at) / 1_000).max(0);
    match seconds {
        0..2 => "just now".to_owned(),
        2..120 => format!("{seconds} s ago"),
        120..7_200 => format!("{} min ago", seconds / 60),
        _ => format!("{} h ago", seconds / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{
        ladder::Rung,
        transport::Readiness,
        vitals::{Ended, Resumed},
    };

    const NOW: Millis = 1_795_252_027_000;

    #[test]
    fn lines_say_what_is_known() {
        let vitals = Vitals {
            rung: Rung::Stream,
            why: "WebSocket is blocked.",
            since: Some(NOW - 3 * 60_000),
            round_trips: vec![3, 1, 2],
            resumed: Some(Resumed { at: NOW - 5_000, took: 40, events: 1, reloaded: 2 }),
            ready: Readiness { state: "OPEN", buffered: 7 },
            ended: Some(Ended { at: NOW - 7_200_000, code: 4001, reason: "server is restarting".into() }),
            skew: Some(-1_500),
            server: "parlor 0.1.0".into(),
            ..Vitals::default()
        };
        let state = ConnectionState::Reconnecting { seconds: 2, attempt: 3 };
        let lines = lines(&state, &vitals, (2, 1), "http://127.0.0.1:3000".into(), NOW);
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
                "OPEN, bufferedAmount 7",
                "2 h ago, 4001: server is restarting",
                "1500 ms behind",
                "parlor 0.1.0",
            ]
        );
        let text = report(&lines, &vitals, "Firefox", NOW);
        assert!(text.starts_with("Parlor connection report, 2026-11-21T09:07:07Z\nState: Reconnecting"));
        assert!(text.ends_with("Why: WebSocket is blocked.\nRound trips in ms: 3 1 2 \nBrowser: Firefox\n"));
    }

    #[test]
    fn what_is_not_known_is_a_dash() {
        let lines = lines(&ConnectionState::Connecting, &Vitals::default(), (0, 0), "x".into(), NOW);
        assert_eq!(lines.iter().filter(|line| *line == "–").count(), 7);
    }

    #[test]
    fn the_graph_stays_in_its_box() {
        assert_eq!(graph(&[]), (String::new(), "Round trips, up to 50 ms".into()));
        assert_eq!(graph(&[50, 0]).0, "236,1 240,39 ");
        let (points, _) = graph(&[u32::MAX; 60]);
        assert!(points.starts_with("4,1 ") && points.ends_with("240,1 "));
    }
}
