//! Scenarios of the load generator and their sizes.

use std::time::Duration;

use clap::ValueEnum;

use super::Dialect;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Scenario {
    /// One room of 1,000, closed loop.
    FanoutSaturated,
    /// 100 rooms of 10, closed loop.
    RoomsSaturated,
    /// One room of 1,000, 20 messages per second.
    FanoutPaced,
    /// 10 rooms of 100, 250 messages per second.
    Delivery,
    /// 10,000 idle connections.
    IdleMemory,
    /// Idle connections with frequent heartbeats.
    Heartbeat,
    /// Short connections, 64 at a time.
    Connects,
}

/// Rate of messages or connections.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Closed loop: this many messages in flight over all rooms, at least one in each.
    Saturated {
        /// Messages.
        window: usize,
    },
    /// Open loop: messages are sent by the clock, regardless of earlier ones.
    Paced {
        /// Messages per second over all rooms.
        rate: f64,
    },
    /// No messages.
    Idle,
    /// No messages; each connection is closed once it is established.
    Connects {
        /// Connections opened concurrently.
        at_once: usize,
    },
}

/// Size of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Number of rooms
    pub rooms: usize,
    /// Connections.
    pub connections: usize,
    /// Rooms that each connection joins.
    pub joins: usize,
    /// Number of members of a room that send
    pub senders: usize,
    /// Users that the connections belong to (Parlor only).
    pub people: usize,
    /// Size of a message body in bytes.
    pub body: usize,
    /// Rate.
    pub pace: Pace,
    /// Duration of the warm-up under the same load.
    pub warm_up: Duration,
    /// Measured window.
    pub time: Duration,
}

/// Messages in flight. Enough for a server to combine several in one write, and too few to overflow a broadcast channel of
/// 100 as in tutorials.
const WINDOW: usize = 16;

/// More than one, each with several messages in flight, so that a server could reorder them.
const SENDERS: usize = 8;

/// Users in a room of a thousand connections. With a thousand users, presence updates would take nearly a minute before each
/// measurement.
const PEOPLE_IN_A_CROWD: usize = 50;

impl Scenario {
    pub const ALL: [Self; 7] = [
        Self::FanoutSaturated,
        Self::RoomsSaturated,
        Self::FanoutPaced,
        Self::Delivery,
        Self::IdleMemory,
        Self::Heartbeat,
        Self::Connects,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::FanoutSaturated => "fanout-saturated",
            Self::RoomsSaturated => "rooms-saturated",
            Self::FanoutPaced => "fanout-paced",
            Self::Delivery => "delivery",
            Self::IdleMemory => "idle-memory",
            Self::Heartbeat => "heartbeat",
            Self::Connects => "connects",
        }
    }

    /// The default size.
    pub fn plan(self, dialect: Dialect) -> Plan {
        let base = Plan {
            rooms: 1,
            connections: 1_000,
            joins: 1,
            senders: SENDERS,
            people: PEOPLE_IN_A_CROWD,
            body: 120,
            pace: Pace::Saturated { window: WINDOW },
            warm_up: Duration::from_millis(1_500),
            time: Duration::from_secs(3),
        };
        match self {
            Self::FanoutSaturated => base,
            Self::RoomsSaturated => Plan { rooms: 100, people: 1_000, ..base },
            Self::FanoutPaced => Plan {
                pace: Pace::Paced { rate: 20.0 },
                warm_up: Duration::from_secs(1),
                time: Duration::from_secs(4),
                ..base
            },
            Self::Delivery => {
                let pace = Pace::Paced { rate: 250.0 };
                Plan { rooms: 10, people: 1_000, pace, time: Duration::from_secs(5), ..base }
            }
            Self::IdleMemory => {
                // Rooms of 100 each.
                let (rooms, joins) = if dialect == Dialect::Parlor { (500, 5) } else { (100, 1) };
                let (connections, people) = (10_000, 10_000);
                // Longer than the heartbeat interval.
                let warm_up = Duration::from_secs(6);
                let time = Duration::from_secs(1);
                Plan { rooms, connections, joins, people, pace: Pace::Idle, warm_up, time, ..base }
            }
            Self::Heartbeat => {
                let warm_up = Duration::from_secs(2);
                Plan {
                    rooms: 40,
                    connections: 4_000,
                    people: 4_000,
                    pace: Pace::Idle,
                    warm_up,
                    time: Duration::from_secs(4),
                    ..base
                }
            }
            Self::Connects => {
                let pace = Pace::Connects { at_once: 64 };
                Plan { rooms: 100, connections: 64, people: 2_000, pace, warm_up: Duration::from_secs(1), ..base }
            }
        }
    }

    /// Heartbeat interval of the server in milliseconds, 0 for none.
    pub fn heartbeat_ms(self) -> u64 {
        match self {
            Self::IdleMemory => 5_000,
            Self::Heartbeat => 2_000,
            _ => 25_000,
        }
    }
}

impl Plan {
    /// Members of each room.
    pub fn members(&self) -> usize {
        self.connections * self.joins / self.rooms.max(1)
    }

    /// The `join`th room of a connection.
    pub fn room_of(&self, connection: usize, join: usize) -> usize {
        match self.pace {
            // Short connections are spread over all rooms.
            Pace::Connects { .. } => connection % self.rooms,
            _ if self.joins == 1 => (connection / self.members().max(1)).min(self.rooms - 1),
            // A different set of people in each of the five rooms.
            _ => (connection + join * (self.rooms / self.joins + connection / self.rooms)) % self.rooms,
        }
    }
}
