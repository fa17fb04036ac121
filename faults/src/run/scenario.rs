//! Scenarios: which faults a run has.

/// Faults of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, clap::ValueEnum)]
pub enum Scenario {
    /// No faults
    Calm,
    /// The server is killed (SIGKILL) and restarted at random times
    Kill,
    /// The server is stopped (SIGTERM) and restarted
    Stop,
    /// The proxy delays, fragments, closes, half-closes, stalls and holds back connections, and drops acks
    Proxy,
    /// Clients stop reading for a time, with open sockets
    FrozenClients,
    /// The server is suspended (SIGSTOP) for a time
    FrozenServer,
    /// An older copy of the data is restored while clients have newer cursors
    Restore,
    /// The disk is full for a time
    DiskFull,
    /// All of the above except the full disk
    All,
    /// One of several nodes is killed or stopped, and starts again
    NodeKill,
    /// NATS is killed, and starts again
    BusStop,
    /// PostgreSQL is stopped or killed, and starts again
    StoreStop,
    /// One node is cut off from NATS, PostgreSQL or both
    Partition,
    /// One node is suspended (SIGSTOP), for 60 s in runs of 100 s and more
    NodePause,
    /// The clock of one node is an hour off
    Clock,
    /// One node runs another version
    MixedVersions,
    /// All faults of nodes, up to two at once
    NodesAll,
}

impl Scenario {
    /// Each of one server.
    pub const EACH: [Self; 9] = [
        Self::Calm,
        Self::Kill,
        Self::Stop,
        Self::Proxy,
        Self::FrozenClients,
        Self::FrozenServer,
        Self::Restore,
        Self::DiskFull,
        Self::All,
    ];

    /// Each of several nodes.
    pub const EACH_OF_NODES: [Self; 8] = [
        Self::NodeKill,
        Self::BusStop,
        Self::StoreStop,
        Self::Partition,
        Self::NodePause,
        Self::Clock,
        Self::MixedVersions,
        Self::NodesAll,
    ];

    /// Name on the command line.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Calm => "calm",
            Self::Kill => "kill",
            Self::Stop => "stop",
            Self::Proxy => "proxy",
            Self::FrozenClients => "frozen-clients",
            Self::FrozenServer => "frozen-server",
            Self::Restore => "restore",
            Self::DiskFull => "disk-full",
            Self::All => "all",
            Self::NodeKill => "node-kill",
            Self::BusStop => "bus-stop",
            Self::StoreStop => "store-stop",
            Self::Partition => "partition",
            Self::NodePause => "node-pause",
            Self::Clock => "clock",
            Self::MixedVersions => "mixed-versions",
            Self::NodesAll => "nodes-all",
        }
    }

    /// Whether it is about nodes on PostgreSQL.
    pub fn is_of_nodes(self) -> bool {
        Self::EACH_OF_NODES.contains(&self)
    }
}
