//! A short check for every change: order and completeness, and bounds on the cost of a delivery so generous that only a
//! grave mistake breaks them.

use parlor_bench::load::{Overrides, Scenario};

use crate::{
    args::Run,
    metrics,
    rounds::{self, Results, Row},
};

/// Against whom, and how many times as much a delivery may cost in the crowd and in the small rooms.
const BOUNDS: [(&str, f64, f64); 2] = [("bare-batch", 5.0, 8.0), ("axum-tutorial", 2.0, 4.0)];

const SCENARIOS: [Scenario; 2] = [Scenario::FanoutSaturated, Scenario::RoomsSaturated];

/// True when all is well.
pub(crate) fn run(run: &Run) -> anyhow::Result<bool> {
    let run = Run {
        rounds: 2,
        only: SCENARIOS.into(),
        peers: ["parlor", "bare-batch", "axum-tutorial"].map(String::from).into(),
        overrides: Overrides { warm_up: Some(0.5), seconds: Some(1.5), ..run.overrides.clone() },
        ..run.clone()
    };
    let results = rounds::measure(&run)?;
    let mut right = results.missing.is_empty();
    for row in &results.rows {
        if !row.is_right() {
            eprintln!("compare: {} {} went wrong", row.scenario.name(), row.peer.name);
            right = false;
        }
    }
    for (peer, crowd, rooms) in BOUNDS {
        right &= within(&results, SCENARIOS[0], peer, crowd) & within(&results, SCENARIOS[1], peer, rooms);
    }
    Ok(right)
}

fn within(results: &Results, scenario: Scenario, peer: &str, most: f64) -> bool {
    let cost = |name| results.row(scenario, name).and_then(|row: &Row| metrics::CPU.over(&row.outcomes));
    let Some((own, other)) = cost("parlor").zip(cost(peer)) else { return false };
    // The best of both: what else happened on the machine makes the others worse.
    let ratio = own.min / other.min;
    let within = ratio <= most;
    let verdict = if within { "within" } else { "BEYOND" };
    eprintln!("compare: {}: {ratio:.2} x {peer}, {verdict} {most}", scenario.name());
    within
}
