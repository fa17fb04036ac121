//! Performance goals of Parlor, and whether they are met.

use parlor_bench::load::Scenario;

use crate::{
    metrics::{self, Metric},
    rounds::Results,
};

struct Goal {
    what: &'static str,
    scenario: Scenario,
    metric: Metric,
    bound: Bound,
}

enum Bound {
    /// Parlor's figure itself.
    AtMost(f64),
    AtLeast(f64),
    /// Parlor's figure in terms of this server's.
    AtMostTimes(f64, &'static str),
    AtLeastTimes(f64, &'static str),
    /// This server's cost in terms of Parlor's.
    Cheaper(f64, &'static str),
}

fn goals() -> Vec<Goal> {
    use Bound::{AtLeast, AtLeastTimes, AtMost, AtMostTimes, Cheaper};
    use Scenario::{Connects, Delivery, FanoutPaced, FanoutSaturated, Heartbeat, IdleMemory, RoomsSaturated};
    let goal = |what, scenario, metric, bound| Goal { what, scenario, metric, bound };
    let fanout = |bound| goal("fan-out to 1,000, saturated, CPU per delivery", FanoutSaturated, metrics::CPU, bound);
    let rooms = |bound| goal("100 rooms x 10, saturated, CPU per delivery", RoomsSaturated, metrics::CPU, bound);
    vec![
        fanout(AtMostTimes(1.25, "bare-batch")),
        fanout(Cheaper(1.0, "axum-tuned")),
        fanout(Cheaper(12.0, "ws-tuned")),
        fanout(Cheaper(12.0, "ws-tutorial")),
        fanout(Cheaper(12.0, "socket.io")),
        fanout(Cheaper(2.0, "socketioxide")),
        fanout(Cheaper(2.5, "nats")),
        fanout(Cheaper(2.5, "axum-tutorial")),
        rooms(AtMostTimes(1.5, "bare-batch")),
        rooms(Cheaper(2.0, "ws-tuned")),
        rooms(Cheaper(2.0, "ws-tutorial")),
        goal("one message at a time, CPU per delivery", FanoutPaced, metrics::CPU, AtMostTimes(1.25, "bare-batch")),
        goal("one message at a time, p99", FanoutPaced, metrics::P99, AtMostTimes(1.5, "bare-batch")),
        goal("send to delivered, p50 ms", Delivery, metrics::P50, AtMost(3.0)),
        goal("send to delivered, p99 ms", Delivery, metrics::P99, AtMost(15.0)),
        goal("send to delivered, p99.9 ms", Delivery, metrics::P999, AtMost(50.0)),
        goal("KiB per idle connection", IdleMemory, metrics::MEMORY, AtMost(5.0)),
        goal("CPU per heartbeat", Heartbeat, metrics::HEARTBEAT, AtMostTimes(1.25, "bare-batch")),
        goal("authenticated connections/s", Connects, metrics::CONNECTS, AtLeast(10_000.0)),
        goal("authenticated connections/s", Connects, metrics::CONNECTS, AtLeastTimes(2.0, "ws-tuned")),
        goal("authenticated connections/s", Connects, metrics::CONNECTS, AtLeastTimes(2.0, "ws-tutorial")),
        goal("authenticated connections/s", Connects, metrics::CONNECTS, AtLeastTimes(5.0, "socket.io")),
    ]
}

/// Table of the goals that were measured for a build of Parlor, if any.
pub(crate) fn table(results: &Results, parlor: &str) -> Option<String> {
    let lines: Vec<String> = goals().iter().filter_map(|goal| goal.line(results, parlor)).collect();
    (!lines.is_empty())
        .then(|| format!("| what | goal | measured | reached |\n|---|---|---|---|\n{}\n", lines.join("\n")))
}

impl Goal {
    fn line(&self, results: &Results, parlor: &str) -> Option<String> {
        let of = |peer: &str| Some(self.metric.over(&results.row(self.scenario, peer)?.outcomes)?.median);
        let own = of(parlor)?;
        let shown = |value| self.metric.show(value);
        let (goal, measured, reached) = match self.bound {
            Bound::AtMost(most) => (format!("at most {most}"), shown(own), own <= most),
            Bound::AtLeast(least) => (format!("at least {}", shown(least)), shown(own), own >= least),
            Bound::AtMostTimes(most, peer) => {
                let ratio = own / of(peer)?;
                (format!("at most {most} x {peer}"), format!("{ratio:.2} x"), ratio <= most)
            }
            Bound::AtLeastTimes(least, peer) => {
                let ratio = own / of(peer)?;
                (format!("at least {least} x {peer}"), format!("{ratio:.2} x"), ratio >= least)
            }
            Bound::Cheaper(least, peer) => {
                let ratio = of(peer)? / own;
                (format!("{least} x better than {peer}"), format!("{ratio:.2} x"), ratio >= least)
            }
        };
        let reached = if reached { "yes" } else { "**no**" };
        Some(format!("| {} | {goal} | {measured} | {reached} |", self.what))
    }
}
