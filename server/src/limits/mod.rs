//! Rate limits and connection limits.
//!
//! Messages are limited by user, frames by user and by address, HTTP requests that change something by session and by address,
//! attempts to sign in by name and by address.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::Arc,
    time::Duration,
};

use governor::{
    DefaultDirectRateLimiter, DefaultKeyedRateLimiter, NotUntil, Quota, RateLimiter,
    clock::{Clock, DefaultClock},
};
use parking_lot::Mutex;

use crate::domain::TokenHash;

mod connections;
mod login_throttle;
mod pace;
mod refusal_log;

pub use connections::{ConnectionLimits, ConnectionShare};
pub use login_throttle::LoginThrottle;
pub use pace::Pace;
pub use refusal_log::RefusalLog;

/// Burst of messages by one user: more than a person sends, less than a script that posts a backlog.
const SEND_BURST: NonZeroU32 = nonzero(500);
/// Sustained messages a second.
const SENDS_PER_SECOND: NonZeroU32 = nonzero(50);
/// Burst of frames of any kind by one user. Beyond that the connection is closed with 4029.
const FRAME_BURST: NonZeroU32 = nonzero(20_000);
/// Sustained frames a second.
const FRAMES_PER_SECOND: NonZeroU32 = nonzero(1_000);
/// Burst of frames of any kind from one address: an office behind NAT that reconnects after a restart.
const ADDRESS_FRAME_BURST: NonZeroU32 = nonzero(100_000);
/// Sustained frames a second.
const ADDRESS_FRAMES_PER_SECOND: NonZeroU32 = nonzero(5_000);

/// Burst of changes from one address: an office behind NAT, on its first day.
const ADDRESS_BURST: NonZeroU32 = nonzero(200);
/// Sustained changes a second.
const ADDRESS_CHANGES_PER_SECOND: NonZeroU32 = nonzero(5);
/// Burst of changes by one session.
const SESSION_BURST: NonZeroU32 = nonzero(30);
/// Sustained changes a second.
const SESSION_CHANGES_PER_SECOND: NonZeroU32 = nonzero(1);

const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A token bucket, or no limit.
#[derive(Clone)]
pub struct Bucket(Option<Arc<DefaultDirectRateLimiter>>);

impl Bucket {
    /// For the messages of one user, over all their connections.
    pub fn sends(on: bool) -> Self {
        Self::new(on, Quota::per_second(SENDS_PER_SECOND).allow_burst(SEND_BURST))
    }

    /// For the frames of one user, over all their connections.
    pub fn frames(on: bool) -> Self {
        Self::new(on, Quota::per_second(FRAMES_PER_SECOND).allow_burst(FRAME_BURST))
    }

    /// For the frames from one address.
    pub fn address_frames(on: bool) -> Self {
        Self::new(on, Quota::per_second(ADDRESS_FRAMES_PER_SECOND).allow_burst(ADDRESS_FRAME_BURST))
    }

    /// Whether there are other clones of it.
    pub fn is_shared(&self) -> bool {
        self.0.as_ref().is_some_and(|limiter| Arc::strong_count(limiter) > 1)
    }

    fn new(on: bool, quota: Quota) -> Self {
        Self(on.then(|| Arc::new(RateLimiter::direct(quota))))
    }

    /// Takes a token.
    ///
    /// # Errors
    /// The bucket is empty; the next token comes after this time.
    pub fn take(&self) -> Result<(), Duration> {
        let Some(limiter) = &self.0 else { return Ok(()) };
        limiter.check().map_err(wait)
    }
}

// Taken as `map_err` gives it.
#[allow(clippy::needless_pass_by_value)]
fn wait(until: NotUntil<<DefaultClock as Clock>::Instant>) -> Duration {
    until.wait_time_from(DefaultClock::default().now())
}

/// Limits HTTP requests that change something, by address and by session.
pub struct MutationRateLimit {
    of_addresses: DefaultKeyedRateLimiter<IpAddr>,
    of_sessions: DefaultKeyedRateLimiter<TokenHash>,
}

impl Default for MutationRateLimit {
    fn default() -> Self {
        let quota = |each, burst| RateLimiter::keyed(Quota::per_second(each).allow_burst(burst));
        Self {
            of_addresses: quota(ADDRESS_CHANGES_PER_SECOND, ADDRESS_BURST),
            of_sessions: RateLimiter::keyed(Quota::per_second(SESSION_CHANGES_PER_SECOND).allow_burst(SESSION_BURST)),
        }
    }
}

impl MutationRateLimit {
    /// Takes a token of an address and of each session that is presented, valid or not.
    ///
    /// # Errors
    /// A bucket is empty; the next token comes after this time.
    pub fn take<'a>(&self, address: IpAddr, sessions: impl IntoIterator<Item = &'a TokenHash>) -> Result<(), Duration> {
        self.of_addresses.check_key(&network(address)).map_err(wait)?;
        sessions.into_iter().try_for_each(|session| self.of_sessions.check_key(session).map_err(wait))
    }

    /// Forgets buckets that are full again.
    pub fn remove_expired(&self) {
        self.of_addresses.retain_recent();
        self.of_sessions.retain_recent();
    }
}

/// Limits the connections of each address. Cheap to clone.
#[derive(Clone)]
pub struct PerAddressLimit {
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
    most: u32,
}

impl PerAddressLimit {
    /// At most this many each; 0 for no limit.
    pub fn new(most: u32) -> Self {
        Self { counts: Arc::default(), most }
    }

    /// Counts a connection until the permit is dropped; none at the limit.
    pub fn enter(&self, address: IpAddr) -> Option<AddressPermit> {
        let address = network(address);
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(AddressPermit { limit: self.clone(), address })
    }
}

/// Counts one connection of an address until it is dropped.
pub struct AddressPermit {
    limit: PerAddressLimit,
    address: IpAddr,
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut counts = self.limit.counts.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// The network of one client: an IPv4 address, or an IPv6 /64, of which every client has at least one (RFC 6177).
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64)).into(),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_it_takes_time() {
        let bucket = Bucket::sends(true);
        let shared = bucket.clone();
        for _ in 0..SEND_BURST.get() / 2 {
            bucket.take().unwrap();
            shared.take().unwrap();
        }
        // The clock goes on meanwhile and gives a few back.
        let wait = (0..100).find_map(|_| bucket.take().err()).unwrap();
        assert!(wait <= Duration::from_secs(1));
    }

    #[test]
    fn sessions_and_addresses_are_bounded_apart() {
        let changes = MutationRateLimit::default();
        let address = |last| IpAddr::from([192, 0, 2, last]);
        let session = |n| TokenHash([n; 32]);
        let until_refused = |address, session: &dyn Fn(u8) -> TokenHash| {
            (0..=u8::MAX).take_while(|n| changes.take(address, Some(&session(*n))).is_ok()).count()
        };
        // The clock goes on meanwhile and gives a few back.
        let one_session = until_refused(address(1), &|_| session(u8::MAX));
        assert!((30..40).contains(&one_session), "{one_session}");
        let many_sessions = until_refused(address(2), &session);
        assert!((200..240).contains(&many_sessions), "{many_sessions}");
        assert!(changes.take(address(3), None).is_ok(), "others do not suffer");
        changes.remove_expired();
        let again = (0..100).take_while(|_| changes.take(address(2), None).is_ok()).count();
        assert!(again < 40, "sweeping forgives nothing: {again}");
    }

    #[test]
    fn an_address_has_so_many_places() {
        let limit = PerAddressLimit::new(2);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let held: Vec<_> = [one, one, other].into_iter().map(|address| limit.enter(address).unwrap()).collect();
        assert!(limit.enter(one).is_none());
        drop(held);
        assert!(limit.enter(one).is_some());
        assert!(limit.counts.lock().is_empty(), "nothing is kept of who has gone");
        let free = PerAddressLimit::new(0);
        let _held: Vec<_> = (0..10).map(|_| free.enter(one).unwrap()).collect();
    }

    #[test]
    fn a_network_counts_as_one() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:0:0:1") && same("::ffff:192.0.2.1", "192.0.2.1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1") && !same("192.0.2.1", "192.0.2.2"));
    }

    #[test]
    fn switched_off_there_is_no_limit() {
        let bucket = Bucket::frames(false);
        assert!((0..100_000).all(|_| bucket.take().is_ok()));
    }
}
