//! How fast one may speak, and how much of the server one address may take.
//!
//! Frames, whatever they travel in: a bucket of sends for each person, a bucket of frames for each connection. Requests that
//! change something: a bucket for each session and for each address.

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

/// Messages that a person may send at once, after a pause. People never get there; a script that posts a backlog does.
const SEND_BURST: NonZeroU32 = nonzero(500);
/// Messages a second in the long run.
const SENDS_PER_SECOND: NonZeroU32 = nonzero(50);
/// Frames of any kind that a connection may send at once. Beyond, it is flooding and closed with 4029.
const FRAME_BURST: NonZeroU32 = nonzero(20_000);
/// Frames a second in the long run.
const FRAMES_PER_SECOND: NonZeroU32 = nonzero(1_000);

/// MutationRateLimit over HTTP from one address at once: a whole office behind one, on its first day.
const ADDRESS_BURST: NonZeroU32 = nonzero(200);
/// Such changes a second in the long run.
const ADDRESS_CHANGES_PER_SECOND: NonZeroU32 = nonzero(5);
/// MutationRateLimit over HTTP by one session at once.
const SESSION_BURST: NonZeroU32 = nonzero(30);
/// Such changes a second in the long run.
const SESSION_CHANGES_PER_SECOND: NonZeroU32 = nonzero(1);

const fn nonzero(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A bucket; without one, there is no limit.
#[derive(Clone)]
pub struct Bucket(Option<Arc<DefaultDirectRateLimiter>>);

impl Bucket {
    /// For the messages of one person, over all their connections.
    #[must_use]
    pub fn sends(on: bool) -> Self {
        Self::new(on, Quota::per_second(SENDS_PER_SECOND).allow_burst(SEND_BURST))
    }

    /// For the frames of one connection.
    #[must_use]
    pub fn frames(on: bool) -> Self {
        Self::new(on, Quota::per_second(FRAMES_PER_SECOND).allow_burst(FRAME_BURST))
    }

    /// Whether someone else uses it too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.as_ref().is_some_and(|limiter| Arc::strong_count(limiter) > 1)
    }

    fn new(on: bool, quota: Quota) -> Self {
        Self(on.then(|| Arc::new(RateLimiter::direct(quota))))
    }

    /// Takes one.
    ///
    /// # Errors
    /// The bucket is empty; in this time there is one again.
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

/// What bounds the requests that change something.
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
    /// Takes one, for an address and, if there is one, a session. Who has too many sessions is still one address.
    ///
    /// # Errors
    /// A bucket is empty; in this time there is one again.
    pub fn take(&self, address: IpAddr, session: Option<&TokenHash>) -> Result<(), Duration> {
        self.of_addresses.check_key(&network(address)).map_err(wait)?;
        session.map_or(Ok(()), |session| self.of_sessions.check_key(session).map_err(wait))
    }

    /// Forgets buckets that are full again.
    pub fn remove_expired(&self) {
        self.of_addresses.retain_recent();
        self.of_sessions.retain_recent();
    }
}

/// How many connections each address has. Cheap to clone.
#[derive(Clone)]
pub struct PerAddressLimit {
    counts: Arc<Mutex<HashMap<IpAddr, u32>>>,
    most: u32,
}

impl PerAddressLimit {
    /// At most this many each; 0 for as many as they like.
    #[must_use]
    pub fn new(most: u32) -> Self {
        Self { counts: Arc::default(), most }
    }

    /// Counts a connection until what this returns is dropped; nothing when the address has as many as it may.
    #[must_use]
    pub fn enter(&self, address: IpAddr) -> Option<AddressPermit> {
        let address = network(address);
        let mut counts = self.counts.lock();
        let count = counts.entry(address).or_default();
        if self.most > 0 && *count >= self.most {
            return None;
        }
        *count += 1;
        Some(AddressPermit { crowd: self.clone(), address })
    }
}

/// One of the connections of an address.
pub struct AddressPermit {
    crowd: PerAddressLimit,
    address: IpAddr,
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut counts = self.crowd.counts.lock();
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

/// Whom an address stands for: with IPv6, everyone has at least a /64 (RFC 6177) and can take any address in it.
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
        let crowd = PerAddressLimit::new(2);
        let (one, other) = (IpAddr::from([192, 0, 2, 1]), IpAddr::from([192, 0, 2, 2]));
        let held: Vec<_> = [one, one, other].into_iter().map(|address| crowd.enter(address).unwrap()).collect();
        assert!(crowd.enter(one).is_none());
        drop(held);
        assert!(crowd.enter(one).is_some());
        assert!(crowd.counts.lock().is_empty(), "nothing is kept of who has gone");
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
