//! Limits attempts to sign in, by account name and by address.
//!
//! There is a token bucket for each. An attempt takes from both before the password is checked, so that concurrent attempts
//! count, and is given back on success. After many consecutive failures a name has one attempt an hour (NIST SP 800-63B,
//! section 5.2.2: at most 100 consecutive failures). Names count whether the account exists or not.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use super::network;

/// Burst of attempts for one name: a person who tries three passwords and mistypes each.
const NAME_BURST: f64 = 10.0;
/// Burst of attempts from one address: an office behind NAT, on the day after the holidays.
const ADDRESS_BURST: f64 = 50.0;
/// Interval of further attempts. The same for both, so that the wait does not reveal which bucket is empty.
const INTERVAL: Duration = Duration::from_secs(30);
/// Consecutive failures for one name after which the longer interval applies.
const MAX_FAILURES: u32 = 100;
/// The longer interval, until an attempt succeeds or the password is reset.
const SLOW_INTERVAL: Duration = Duration::from_secs(3_600);
/// How long consecutive failures are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Names kept. Beyond that, those with few failures are forgotten.
const MAX_NAMES: usize = 100_000;

/// Counts attempts to sign in.
#[derive(Default)]
pub struct LoginThrottle {
    names: Mutex<HashMap<String, Bucket>>,
    addresses: Mutex<HashMap<IpAddr, Bucket>>,
}

/// A token bucket, with the number of consecutive failures.
struct Bucket {
    left: f64,
    at: Instant,
    consecutive_failures: u32,
}

impl Bucket {
    const fn full(burst: f64, now: Instant) -> Self {
        Self { left: burst, at: now, consecutive_failures: 0 }
    }

    /// Refills it for the time that has passed.
    fn fill(&mut self, burst: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        self.left = (self.left + passed.as_secs_f64() / INTERVAL.as_secs_f64()).min(burst);
        self.at = now;
    }

    fn take(&mut self, burst: f64, now: Instant) -> Result<(), Duration> {
        if self.consecutive_failures >= MAX_FAILURES {
            let passed = now.saturating_duration_since(self.at);
            if passed < SLOW_INTERVAL {
                return Err(SLOW_INTERVAL.checked_sub(passed).unwrap_or_default());
            }
            self.at = now;
            return Ok(());
        }
        self.fill(burst, now);
        if self.left < 1.0 {
            return Err(INTERVAL.mul_f64(1.0 - self.left));
        }
        self.left -= 1.0;
        Ok(())
    }
}

impl LoginThrottle {
    /// Takes an attempt for a name's key from an address.
    ///
    /// # Errors
    /// Too many attempts; the next one is possible after this time. Nothing was taken.
    pub fn take(&self, name: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.take_from(address, now)?;
        let mut names = self.names.lock();
        if names.len() >= MAX_NAMES && !names.contains_key(name) {
            names.retain(|_, bucket| f64::from(bucket.consecutive_failures) > NAME_BURST);
        }
        let bucket = names.entry(name.to_owned()).or_insert_with(|| Bucket::full(NAME_BURST, now));
        // Counted as a failure until it has succeeded, so that concurrent attempts count.
        let taken = bucket.take(NAME_BURST, now);
        if taken.is_ok() {
            bucket.consecutive_failures = bucket.consecutive_failures.saturating_add(1);
        } else {
            drop(names);
            self.give_back(address);
        }
        taken
    }

    /// Takes an attempt from an address alone: at a secret link, or at whether a name is taken.
    ///
    /// # Errors
    /// Too many attempts; the next one is possible after this time.
    pub fn take_from(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut addresses = self.addresses.lock();
        addresses.entry(network(address)).or_insert_with(|| Bucket::full(ADDRESS_BURST, now)).take(ADDRESS_BURST, now)
    }

    /// The attempt succeeded: resets the name, and gives the attempt back to the address.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        self.forget(name);
        self.give_back(address);
    }

    /// The password was not checked: takes the attempt back.
    pub fn undo(&self, name: &str, address: IpAddr) {
        if let Some(bucket) = self.names.lock().get_mut(name) {
            bucket.left = (bucket.left + 1.0).min(NAME_BURST);
            bucket.consecutive_failures = bucket.consecutive_failures.saturating_sub(1);
        }
        self.give_back(address);
    }

    pub fn forget(&self, name: &str) {
        self.names.lock().remove(name);
    }

    /// Gives an attempt back to an address.
    pub fn give_back(&self, address: IpAddr) {
        if let Some(bucket) = self.addresses.lock().get_mut(&network(address)) {
            bucket.left = (bucket.left + 1.0).min(ADDRESS_BURST);
        }
    }

    /// Forgets buckets that are full again, and old failures.
    pub fn remove_expired(&self, now: Instant) {
        remove_expired(&self.names, NAME_BURST, now);
        remove_expired(&self.addresses, ADDRESS_BURST, now);
    }
}

fn remove_expired<K: Eq + Hash>(buckets: &Mutex<HashMap<K, Bucket>>, burst: f64, now: Instant) {
    buckets.lock().retain(|_, bucket| {
        let passed = now.saturating_duration_since(bucket.at);
        let is_full = bucket.left + passed.as_secs_f64() / INTERVAL.as_secs_f64() >= burst;
        let is_remembered = bucket.consecutive_failures > 0 && passed < MEMORY;
        !is_full || is_remembered
    });
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn a_name_is_tried_ten_times_and_then_slowly() {
        let (tries, begin) = (LoginThrottle::default(), Instant::now());
        // From wherever.
        let goes = (0..50).take_while(|n| tries.take("ann", address(*n), begin).is_ok()).count();
        assert_eq!(goes, 10);
        assert_eq!(tries.take("ann", address(99), begin), Err(INTERVAL));
        assert!(tries.take("bob", address(99), begin).is_ok(), "others do not suffer");
        assert!(tries.take("ann", address(99), begin + INTERVAL).is_ok());
        assert!(tries.take("ann", address(99), begin + INTERVAL).is_err());
    }

    #[test]
    fn an_address_tries_many_names_only_so_often() {
        let (tries, begin) = (LoginThrottle::default(), Instant::now());
        let goes = (0..500).take_while(|n| tries.take(&format!("name {n}"), address(1), begin).is_ok()).count();
        assert_eq!(goes, 50);
        assert_eq!(tries.take("ann", address(1), begin), Err(INTERVAL), "the same wait as for a name");
        assert!(tries.take("ann", address(2), begin).is_ok());
    }

    #[test]
    fn who_is_right_starts_anew() {
        let (tries, begin) = (LoginThrottle::default(), Instant::now());
        for _ in 0..1_000 {
            tries.take("ann", address(1), begin).unwrap();
            tries.succeeded("ann", address(1));
        }
        // An account of one's own does not buy tries at others: what is given back is what was taken.
        assert_eq!((0..100).filter(|_| tries.take("bob", address(1), begin).is_ok()).count(), 10);
        // A refused try costs the address nothing.
        assert_eq!((0..100).filter(|n| tries.take(&format!("{n}"), address(1), begin).is_ok()).count(), 40);
    }

    #[test]
    fn a_hundred_consecutive_failures_is_the_end_of_patience() {
        let (tries, mut now) = (LoginThrottle::default(), Instant::now());
        for n in 0..MAX_FAILURES {
            tries.take("ann", address(u8::try_from(n % 250).unwrap()), now).unwrap();
            now += INTERVAL;
        }
        assert!(tries.take("ann", address(251), now).unwrap_err() > SLOW_INTERVAL / 2);
        tries.remove_expired(now + SLOW_INTERVAL / 2);
        assert!(tries.take("ann", address(251), now + SLOW_INTERVAL / 2).is_err(), "not forgotten");
        assert!(tries.take("ann", address(251), now + SLOW_INTERVAL).is_ok());
        assert!(tries.take("ann", address(251), now + SLOW_INTERVAL).is_err());
        tries.forget("ann");
        assert!(tries.take("ann", address(251), now).is_ok(), "set anew");
    }

    #[test]
    fn what_is_full_again_is_forgotten() {
        let (tries, begin) = (LoginThrottle::default(), Instant::now());
        tries.take("ann", address(1), begin).unwrap();
        tries.remove_expired(begin);
        assert_eq!((tries.names.lock().len(), tries.addresses.lock().len()), (1, 1));
        tries.remove_expired(begin + MEMORY);
        assert_eq!((tries.names.lock().len(), tries.addresses.lock().len()), (0, 0));
    }
}
