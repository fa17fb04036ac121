//! What the generator is asked to do.

use std::{net::SocketAddr, time::Duration};

use clap::Args;

use super::{Dialect, Pace, Plan, Scenario};

/// The command line of the generator.
#[derive(Args, Clone, Debug)]
pub struct Ask {
    /// Where the server listens.
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub connect: SocketAddr,
    /// What it speaks.
    #[arg(long, value_name = "NAME", default_value = "parlor")]
    pub dialect: Dialect,
    /// What to do.
    #[arg(long, value_name = "NAME", default_value = "fanout-saturated")]
    pub scenario: Scenario,
    /// The server's process, for its processor time and memory.
    #[arg(long)]
    pub pid: Option<u32>,
    /// The core to run on.
    #[arg(long)]
    pub core: Option<usize>,
    /// What is to be otherwise than in the scenario.
    #[command(flatten)]
    pub overrides: Overrides,
}

/// What is to be otherwise than in the scenario.
#[derive(Args, Clone, Debug, Default)]
pub struct Overrides {
    /// Rooms that there are.
    #[arg(long)]
    pub rooms: Option<usize>,
    /// Connections in all.
    #[arg(long)]
    pub connections: Option<usize>,
    /// People who they belong to (Parlor).
    #[arg(long)]
    pub people: Option<usize>,
    /// Members of a room that write.
    #[arg(long)]
    pub senders: Option<usize>,
    /// Bytes of a message's body, 40 at least.
    #[arg(long)]
    pub body: Option<usize>,
    /// Messages under way in sum, where as many are sent as go through.
    #[arg(long)]
    pub window: Option<usize>,
    /// Messages a second in sum, where they are sent by the clock.
    #[arg(long)]
    pub rate: Option<f64>,
    /// Seconds before the measured ones.
    #[arg(long, value_name = "SECONDS")]
    pub warm_up: Option<f64>,
    /// Measured seconds.
    #[arg(long, value_name = "SECONDS")]
    pub seconds: Option<f64>,
}

impl Ask {
    /// How much there is to do.
    #[must_use]
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

/// An hour at most.
fn seconds_long(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(0.0, 3_600.0))
}
