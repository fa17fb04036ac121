//! The load generator: one thread, one epoll, raw sockets. It speaks the dialects of all servers that are compared, and
//! holds each of them to order and completeness.

mod ask;
pub mod body;
pub mod checker;
mod clock;
mod connects;
mod dialect;
mod engine;
mod link;
mod measure;
mod prepare;
mod report;
mod scenario;
mod talk;

pub use ask::{Ask, Overrides};
pub use dialect::Dialect;
pub use report::{Latency, Memory, Report, Window};
pub use scenario::{Pace, Plan, Scenario};

/// Does what is asked, and tells what it saw.
///
/// # Errors
/// The server cannot be reached, refuses, or says what its dialect has no place for. Messages that were lost, doubled or
/// out of order are no error here: they are in the report.
pub fn run(ask: &Ask) -> anyhow::Result<Report> {
    if let Some(core) = ask.core {
        crate::machine::pin_to(core)?;
    }
    let plan = ask.plan();
    let before = ask.pid.map(crate::machine::resident_kib).transpose()?;
    let entries = prepare::entries(ask, &plan)?;
    match plan.pace {
        Pace::Connects { at_once } => connects::run(ask, &plan, &entries, at_once),
        _ => measure::run(ask, &plan, &entries, before),
    }
}
