//! Writes the page of results.

use parlor_bench::load::Scenario;

use crate::{
    args::Run,
    goals,
    metrics::{self, Metric, generator_limited},
    peers::first_line,
    rounds::{Results, Row},
};

/// Reference servers for ratios.
const FLOORS: [&str; 2] = ["bare-batch", "bare-single"];

pub(crate) fn page(run: &Run, results: &Results, machine: &str) -> String {
    let mut page = String::from("# Parlor compared with other servers\n\n");
    let times = if run.rounds == 1 { "one round".into() } else { format!("{} rounds", run.rounds) };
    page += &format!(
        "Written by `make compare`; [README.md](README.md) describes the method. Medians of {times}, with minimum \
         and maximum in brackets; ratios of medians.\n\n{machine}\n\n"
    );
    page += &format!("Measured on {} by `{}`.\n", first_line("date", "+%F").unwrap_or_default(), command_line());
    for parlor in results.parlors() {
        if let Some(table) = goals::table(results, &parlor.name) {
            page += &format!("\n## Goals: {}\n\n{table}", parlor.name);
        }
    }
    for scenario in results.scenarios() {
        page += &format!("\n## {}\n\n{}\n\n{}", scenario.name(), described(scenario), table(results, scenario));
    }
    page += "\n## Servers\n\n| server | version |\n|---|---|\n";
    for peer in &results.peers {
        page += &format!("| {} | {} |\n", peer.name, peer.version());
    }
    for (name, reason) in &results.missing {
        page += &format!("| {name} | not measured: {reason} |\n");
    }
    page
}

fn table(results: &Results, scenario: Scenario) -> String {
    let metrics = metrics::of(scenario);
    let rows: Vec<&Row> = results.rows.iter().filter(|row| row.scenario == scenario).collect();
    let parlor = results.parlors().next().map(|peer| peer.name.as_str());
    let against: Vec<&str> =
        FLOORS.into_iter().chain(parlor).filter(|name| results.row(scenario, name).is_some()).collect();
    let mut head = vec!["server".to_owned()];
    head.extend(metrics.iter().take(1).map(|metric| metric.name.to_owned()));
    head.extend(against.iter().map(|name| format!("x {name}")));
    head.extend(metrics.iter().skip(1).map(|metric| metric.name.to_owned()));
    head.push("remarks".into());
    let mut text = format!("| {} |\n|{}\n", head.join(" | "), "---|".repeat(head.len()));
    for row in rows {
        let mut cells = vec![row.peer.name.clone()];
        cells.extend(metrics.iter().take(1).map(|metric| spread(metric, row)));
        cells.extend(against.iter().map(|name| ratio(&metrics[0], row, results.row(scenario, name))));
        cells.extend(metrics.iter().skip(1).map(|metric| spread(metric, row)));
        cells.push(remarks(row));
        text += &format!("| {} |\n", cells.join(" | "));
    }
    text
}

fn spread(metric: &Metric, row: &Row) -> String {
    metric.over(&row.outcomes).map_or_else(|| "–".into(), |spread| metric.show_spread(&spread))
}

fn ratio(metric: &Metric, row: &Row, other: Option<&Row>) -> String {
    let of = |row: &Row| metric.over(&row.outcomes).map(|spread| spread.median);
    match (of(row), other.and_then(of)) {
        (Some(own), Some(other)) if other > 0.0 => format!("{:.2}", own / other),
        _ => "–".into(),
    }
}

fn remarks(row: &Row) -> String {
    let mut remarks = Vec::new();
    if generator_limited(&row.outcomes) {
        let share = metrics::GENERATOR.over(&row.outcomes).map(|share| metrics::GENERATOR.show(share.median));
        remarks.push(format!("**generator-limited** ({} % of its core)", share.unwrap_or_default()));
    }
    let wrong: Vec<_> =
        row.outcomes.iter().map(|outcome| outcome.report.errors()).filter(|text| !text.is_empty()).collect();
    if let Some(first) = wrong.first() {
        remarks.push(format!("**wrong in {} of {} rounds**: {first}", wrong.len(), row.outcomes.len()));
    }
    if let Some(first) = row.failures.first() {
        remarks.push(format!("**failed {} times**: {}", row.failures.len(), first.replace('\n', " ")));
    }
    remarks.join("; ")
}

fn described(scenario: Scenario) -> &'static str {
    match scenario {
        Scenario::FanoutSaturated => {
            "One room of 1,000 members, of whom 8 send messages of 120 bytes; 16 messages in flight. `+`: messages as long as \
             Parlor's frames."
        }
        Scenario::RoomsSaturated => {
            "100 rooms of 10 members, of whom 8 send in turn; one message in flight in each room."
        }
        Scenario::FanoutPaced => {
            "One room of 1,000 members, 20 messages per second at a fixed rate; latency counts from the scheduled time. `+`: \
             messages as long as Parlor's frames."
        }
        Scenario::Delivery => {
            "10 rooms of 100 members, 250 messages per second in total at a fixed rate; latency counts from the scheduled \
             time. Parlor stores each message with fsync first."
        }
        Scenario::IdleMemory => {
            "Growth of the resident memory with 10,000 connections in rooms of 100, after each has had a heartbeat. Parlor: \
             10,000 users, each in five rooms, including their sessions. The others: each connection in one room."
        }
        Scenario::Heartbeat => {
            "4,000 idle connections with a heartbeat every 2 s. The CPU time of the server without heartbeats is subtracted."
        }
        Scenario::Connects => {
            "Connections that are closed as soon as they are established, 64 at a time. Parlor: with a token, hello and join. \
             The others: until they are in a room."
        }
    }
}

fn command_line() -> String {
    let mut words: Vec<String> = std::env::args().collect();
    if let Some(program) = words.first_mut() {
        *program = "compare".into();
    }
    // Builds are identified by name; their paths are not published.
    for word in &mut words {
        if let Some((name, _)) = word.split_once('=').filter(|(_, path)| path.contains('/')) {
            *word = format!("{name}=…");
        } else if word.starts_with('/') {
            *word = "…".into();
        }
    }
    words.join(" ")
}
