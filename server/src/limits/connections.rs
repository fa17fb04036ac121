//! Limits of live connections, over all transports and gateways. They outlast a connection, so reconnecting renews none.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use parlor_protocol::UserId;

use super::{AddressPermit, Bucket, Pace, PerAddressLimit, network};

/// Buckets kept of one kind. Beyond, those without a connection are dropped: they are full again within seconds.
const MAX_BUCKETS: usize = 100_000;

/// The buckets of all users or addresses.
struct Buckets<K, B>(Mutex<HashMap<K, B>>);

impl<K: Eq + Hash, B: Shared> Buckets<K, B> {
    fn get(&self, key: K, new: impl FnOnce() -> B) -> B {
        let mut all = self.0.lock();
        if all.len() > MAX_BUCKETS && !all.contains_key(&key) {
            all.retain(|_, bucket| bucket.is_shared());
        }
        all.entry(key).or_insert_with(new).clone()
    }
}

/// What all connections of a user or an address share.
trait Shared: Clone {
    /// Whether a connection has it.
    fn is_shared(&self) -> bool;
}

impl Shared for Bucket {
    fn is_shared(&self) -> bool {
        Self::is_shared(self)
    }
}

impl Shared for Arc<Pace> {
    fn is_shared(&self) -> bool {
        Self::strong_count(self) > 1
    }
}

impl<K, B> Default for Buckets<K, B> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

/// The limits of all live connections.
pub struct ConnectionLimits {
    is_on: bool,
    sends: Buckets<UserId, Bucket>,
    frames: Buckets<UserId, Bucket>,
    paces: Buckets<UserId, Arc<Pace>>,
    address_frames: Buckets<IpAddr, Bucket>,
    connections: PerAddressLimit,
}

impl ConnectionLimits {
    /// `max_per_address`: connections at a time; 0 for no limit.
    pub fn new(is_on: bool, max_per_address: u32) -> Self {
        Self {
            is_on,
            sends: Buckets::default(),
            frames: Buckets::default(),
            paces: Buckets::default(),
            address_frames: Buckets::default(),
            connections: PerAddressLimit::new(max_per_address),
        }
    }

    /// The share of a new connection; none when its address has too many.
    pub fn open(&self, user: UserId, address: IpAddr) -> Option<Arc<ConnectionShare>> {
        Some(Arc::new(ConnectionShare {
            _permit: self.connections.enter(address)?,
            sends: self.sends.get(user, || Bucket::sends(self.is_on)),
            frames: self.frames.get(user, || Bucket::frames(self.is_on)),
            pace: self.is_on.then(|| self.paces.get(user, Arc::default)),
            address_frames: self.address_frames.get(network(address), || Bucket::address_frames(self.is_on)),
        }))
    }
}

/// One connection's share of the limits of its user and address.
pub struct ConnectionShare {
    /// The messages of the user.
    pub sends: Bucket,
    frames: Bucket,
    pace: Option<Arc<Pace>>,
    address_frames: Bucket,
    _permit: AddressPermit,
}

impl ConnectionShare {
    /// Counts a frame; false when user or address have sent too many.
    pub fn take_frame(&self) -> bool {
        self.frames.take().is_ok() && self.address_frames.take().is_ok()
    }

    /// The time until a frame that came now is to be handled.
    pub fn frame_delay(&self) -> Duration {
        self.pace.as_ref().map_or(Duration::ZERO, |pace| pace.take(Instant::now()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use uuid::Uuid;

    use super::*;

    fn user(n: u128) -> UserId {
        UserId(Uuid::from_u128(n))
    }

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn reconnecting_renews_no_frames() {
        let limits = ConnectionLimits::new(true, 0);
        let taken = |user, address, most| {
            let share = limits.open(user, address).unwrap();
            (0..most).take_while(|_| share.take_frame()).count()
        };
        assert_eq!((0..4).map(|_| taken(user(1), address(1), 5_000)).sum::<usize>(), 20_000);
        // The clock goes on meanwhile and gives a few back.
        let again = taken(user(1), address(2), 20_000);
        assert!(again < 5_000, "the same user from elsewhere: {again}");
        assert_eq!(taken(user(2), address(2), 5_000), 5_000, "others do not suffer");
        let of_address: usize = (10..20).map(|n| taken(user(n), address(3), 20_000)).sum();
        assert!((100_000..180_000).contains(&of_address), "all users of an address: {of_address}");
    }

    #[test]
    fn an_address_has_so_many_connections() {
        let limits = ConnectionLimits::new(true, 2);
        let held = [limits.open(user(1), address(1)).unwrap(), limits.open(user(2), address(1)).unwrap()];
        assert!(limits.open(user(3), address(1)).is_none() && limits.open(user(3), address(2)).is_some());
        drop(held);
        assert!(limits.open(user(3), address(1)).is_some());
    }
}
