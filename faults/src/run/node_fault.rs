//! Faults of nodes and of what they depend on. Each has a beginning and an end, so that two can overlap.

use std::time::{Duration, Instant};

use anyhow::Context;
use rand::{Rng, rngs::StdRng, seq::IndexedRandom};
use tokio::task::block_in_place;

use super::{
    Scenario,
    nodes::{NodeOutage, Nodes},
};
use crate::{engines::Shutdown, link::Condition};

/// Time to end after SIGTERM; the server promises five seconds.
const STOP_PATIENCE: Duration = Duration::from_secs(30);

/// Runs of this length have room for a long pause.
const LONG_RUN: Duration = Duration::from_secs(100);
const LONG_PAUSE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum NodeFault {
    KillStore,
    StopStore,
    KillBus,
    CutStore,
    CutBus,
    CutBoth,
    BlackHoleStore,
    BlackHoleBus,
    BlackHoleBoth,
    PauseNode,
    KillNode,
    StopNode,
}

/// A fault that goes on.
pub(super) struct Ongoing {
    pub(super) fault: NodeFault,
    node: usize,
    from: Instant,
}

impl NodeFault {
    pub(super) const fn all_of(scenario: Scenario) -> &'static [Self] {
        match scenario {
            Scenario::NodeKill | Scenario::Clock => &[Self::KillNode, Self::KillNode, Self::StopNode],
            Scenario::BusStop => &[Self::KillBus],
            Scenario::StoreStop => &[Self::StopStore, Self::KillStore],
            Scenario::Partition => &[
                Self::CutStore,
                Self::CutBus,
                Self::CutBoth,
                Self::BlackHoleStore,
                Self::BlackHoleBus,
                Self::BlackHoleBoth,
            ],
            Scenario::NodePause => &[Self::PauseNode],
            Scenario::MixedVersions => &[Self::KillNode, Self::StopNode, Self::CutBus],
            Scenario::NodesAll => &[
                Self::KillStore,
                Self::StopStore,
                Self::KillBus,
                Self::CutStore,
                Self::CutBus,
                Self::CutBoth,
                Self::BlackHoleStore,
                Self::BlackHoleBus,
                Self::BlackHoleBoth,
                Self::PauseNode,
                Self::KillNode,
                Self::StopNode,
            ],
            _ => &[],
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::KillStore => "PostgreSQL killed",
            Self::StopStore => "PostgreSQL stopped",
            Self::KillBus => "NATS killed",
            Self::CutStore => "node without PostgreSQL, reset",
            Self::CutBus => "node without NATS, reset",
            Self::CutBoth => "node without both, reset",
            Self::BlackHoleStore => "node without PostgreSQL, silent",
            Self::BlackHoleBus => "node without NATS, silent",
            Self::BlackHoleBoth => "node without both, silent",
            Self::PauseNode => "node suspended",
            Self::KillNode => "node killed",
            Self::StopNode => "node stopped",
        }
    }

    /// Whether it is over for the clients as soon as they have found another node.
    pub(super) const fn is_loss_of_node(self) -> bool {
        matches!(self, Self::KillNode | Self::StopNode)
    }

    /// Chooses one or, if there are several kinds, sometimes two that do not exclude each other.
    pub(super) fn choose(scenario: Scenario, rng: &mut StdRng) -> Vec<Self> {
        let all = Self::all_of(scenario);
        let mut chosen: Vec<Self> = all.choose(rng).copied().into_iter().collect();
        if scenario == Scenario::NodesAll && rng.random_ratio(1, 3) {
            let second = all.choose(rng).copied();
            chosen.extend(second.filter(|second| chosen.iter().all(|first| first.target() != second.target())));
        }
        chosen
    }

    /// What it concerns.
    const fn target(self) -> u8 {
        match self {
            Self::KillStore | Self::StopStore => 0,
            Self::KillBus => 1,
            Self::CutStore | Self::CutBus | Self::CutBoth => 2,
            Self::BlackHoleStore | Self::BlackHoleBus | Self::BlackHoleBoth => 2,
            Self::PauseNode | Self::KillNode | Self::StopNode => 3,
        }
    }

    pub(super) fn duration(self, run: Duration, rng: &mut StdRng) -> Duration {
        if self == Self::PauseNode && run >= LONG_RUN {
            return LONG_PAUSE;
        }
        let most = (run / 4).clamp(Duration::from_millis(1_500), Duration::from_secs(12));
        most.mul_f64(rng.random_range(0.1..1.0))
    }

    /// The links that it concerns, and what becomes of them.
    const fn links(self) -> Option<(bool, bool, Condition)> {
        match self {
            Self::CutStore => Some((true, false, Condition::Cut)),
            Self::CutBus => Some((false, true, Condition::Cut)),
            Self::CutBoth => Some((true, true, Condition::Cut)),
            Self::BlackHoleStore => Some((true, false, Condition::BlackHole)),
            Self::BlackHoleBus => Some((false, true, Condition::BlackHole)),
            Self::BlackHoleBoth => Some((true, true, Condition::BlackHole)),
            _ => None,
        }
    }

    pub(super) fn begin(self, nodes: &mut Nodes, rng: &mut StdRng) -> anyhow::Result<Ongoing> {
        let index = rng.random_range(0..nodes.nodes.len());
        let ongoing = Ongoing { fault: self, node: index, from: Instant::now() };
        let node = &mut nodes.nodes[index];
        match self {
            Self::KillStore | Self::StopStore => {
                let how = if self == Self::KillStore { Shutdown::Kill } else { Shutdown::Fast };
                let postgres = nodes.postgres.as_mut().context("PostgreSQL is not the run's own")?;
                block_in_place(|| postgres.stop(how))?;
            }
            Self::KillBus => nodes.nats.as_mut().context("NATS is not the run's own")?.kill(),
            Self::PauseNode => node.server.freeze()?,
            Self::KillNode => block_in_place(|| node.server.kill()),
            Self::StopNode => drop(block_in_place(|| node.server.terminate(STOP_PATIENCE))?),
            _ => {
                if let Some((store, bus, condition)) = self.links() {
                    let links = [(store, &node.store), (bus, &node.bus)];
                    links.iter().filter(|(is_cut, _)| *is_cut).filter_map(|(_, link)| link.as_ref()).for_each(|link| {
                        link.set(condition);
                    });
                }
            }
        }
        Ok(ongoing)
    }
}

impl Ongoing {
    /// Ends it. Returns in which time nodes could not learn of what was revoked.
    pub(super) fn end(&self, nodes: &mut Nodes) -> anyhow::Result<Option<NodeOutage>> {
        let node = &mut nodes.nodes[self.node];
        match self.fault {
            NodeFault::KillStore | NodeFault::StopStore => {
                let postgres = nodes.postgres.as_mut().context("PostgreSQL is not the run's own")?;
                block_in_place(|| postgres.restart())?;
            }
            NodeFault::KillBus => {
                let nats = nodes.nats.as_mut().context("NATS is not the run's own")?;
                block_in_place(|| nats.restart())?;
            }
            NodeFault::PauseNode => node.server.thaw()?,
            NodeFault::KillNode | NodeFault::StopNode => block_in_place(|| node.server.restart())?,
            _ => {
                for link in [&node.store, &node.bus].into_iter().flatten() {
                    link.set(Condition::Open);
                }
            }
        }
        let outage = |node| NodeOutage { node, from: self.from, to: Instant::now() };
        Ok(match self.fault {
            NodeFault::KillStore | NodeFault::StopStore => Some(outage(None)),
            NodeFault::PauseNode => Some(outage(Some(self.node))),
            fault => fault.links().filter(|(store, ..)| *store).map(|_| outage(Some(self.node))),
        })
    }
}
