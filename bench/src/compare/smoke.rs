//! A short check: order, completeness, and generous bounds on the cost of a delivery.

use parlor_bench::load::{Overrides, Scenario};

use crate::{
    args::Run,
    metrics,
    rounds::{self, Results, Row},
};

/// Reference server, and the maximum ratio of the cost of a delivery in the large room and in the small rooms.
const BOUNDS: [(&str, f64, f64); 2] = [("bare-batch", 5.0, 8.0), ("axum-tutorial", 2.0, 4.0)];

const SCENARIOS: [Scenario; 2] = [Scenario::FanoutSaturated, Scenario::RoomsSaturated];

/// True if all checks pass.
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
        if !row.is_correct() {
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
    // The best round of each: other load on the machine only adds to the cost.
    let ratio = own.min / other.min;
    let within = ratio <= most;
    let verdict = if within { "within" } else { "BEYOND" };
    eprintln!("compare: {}: {ratio:.2} x {peer}, {verdict} {most}", scenario.name());
    within
}
