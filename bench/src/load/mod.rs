//! The load generator: one thread, one epoll, raw sockets. Supports the protocols of all compared servers, and checks
//! order and completeness of deliveries.

mod args;
pub mod body;
pub mod checker;
mod clock;
mod connection;
mod connects;
mod dialect;
mod engine;
mod measure;
mod prepare;
mod report;
mod scenario;
mod traffic;

pub use args::{LoadArgs, Overrides};
pub use dialect::Dialect;
pub use report::{Latency, Memory, Report, Window};
pub use scenario::{Pace, Plan, Scenario};

/// Runs a scenario and returns the report.
pub fn run(args: &LoadArgs) -> anyhow::Result<Report> {
    if let Some(core) = args.core {
        crate::machine::pin_to(core)?;
    }
    let plan = args.plan();
    let before = args.server_memory()?;
    let entries = prepare::entries(args, &plan)?;
    match plan.pace {
        Pace::Connects { at_once } => connects::run(args, &plan, &entries, at_once),
        _ => measure::run(args, &plan, &entries, before),
    }
}
