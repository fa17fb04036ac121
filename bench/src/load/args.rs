//! Command line of the load generator.

use std::{net::SocketAddr, time::Duration};

use clap::Args;

use super::{Dialect, Pace, Plan, Scenario};
use crate::machine;

/// Arguments of the load generator.
#[derive(Args, Clone, Debug)]
pub struct LoadArgs {
    /// Addresses of the server's nodes; connections take turns
    #[arg(long, value_name = "ADDRESS:PORT", value_delimiter = ',', required = true)]
    pub connect: Vec<SocketAddr>,
    /// Protocol of the server
    #[arg(long, value_name = "NAME", default_value = "parlor")]
    pub dialect: Dialect,
    /// Scenario to run
    #[arg(long, value_name = "NAME", default_value = "fanout-saturated")]
    pub scenario: Scenario,
    /// Process ids of the server, to measure its CPU time and memory
    #[arg(long, value_delimiter = ',')]
    pub pid: Vec<u32>,
    /// CPU core to run on
    #[arg(long)]
    pub core: Option<usize>,
    /// Overrides of the scenario's parameters.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// Overrides of the scenario's parameters.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// Number of rooms
    #[arg(long)]
    pub rooms: Option<usize>,
    /// Number of connections
    #[arg(long)]
    pub connections: Option<usize>,
    /// Number of users that the connections belong to (Parlor only)
    #[arg(long)]
    pub people: Option<usize>,
    /// Number of members of a room that send
    #[arg(long)]
    pub senders: Option<usize>,
    /// Size of a message body in bytes, at least 40
    #[arg(long)]
    pub body: Option<usize>,
    /// Messages in flight, in closed-loop scenarios
    #[arg(long)]
    pub window: Option<usize>,
    /// Messages per second, in open-loop scenarios
    #[arg(long)]
    pub rate: Option<f64>,
    /// Duration of the warm-up
    #[arg(long, value_name = "SECONDS")]
    pub warm_up: Option<f64>,
    /// Measured duration
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<f64>,
}

impl LoadArgs {
    /// Resident memory of the server, in KiB. None if no process is given.
    pub(super) fn server_memory(&self) -> anyhow::Result<Option<u64>> {
        let each = self.pid.iter().map(|pid| machine::resident_kib(*pid));
        (!self.pid.is_empty()).then(|| each.sum()).transpose()
    }

    /// CPU time of the server in seconds, if known.
    pub(super) fn server_cpu(&self) -> Option<f64> {
        let each = self.pid.iter().map(|pid| machine::processor_seconds(*pid));
        each.sum::<Option<f64>>().filter(|_| !self.pid.is_empty())
    }

    /// The scenario's plan with the overrides applied.
    pub fn plan(&self) -> Plan {
        let mut plan = self.scenario.plan(self.dialect);
        let Overrides { rooms, connections, people, senders, body, window, rate, warm_up, seconds } = self.overrides;
        plan.rooms = rooms.unwrap_or(plan.rooms).max(1);
        plan.joins = plan.joins.min(plan.rooms);
        plan.connections = connections.unwrap_or(plan.connections).max(1);
        plan.people = people.unwrap_or(plan.people).max(1);
        plan.senders = senders.unwrap_or(plan.senders).clamp(1, plan.members().max(1));
        plan.body = body.unwrap_or(plan.body).max(super::body::LEAST);
        plan.warm_up = warm_up.map_or(plan.warm_up, seconds_long);
        plan.time = seconds.map_or(plan.time, seconds_long);
        match &mut plan.pace {
            Pace::Saturated { window: planned } => *planned = window.unwrap_or(*planned).max(1),
            Pace::Paced { rate: planned } => *planned = rate.unwrap_or(*planned).max(0.1),
            Pace::Idle | Pace::Connects { .. } => {}
        }
        plan
    }
}

/// Converts seconds to a duration of at most one hour.
fn seconds_long(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0))
}
