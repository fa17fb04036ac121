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
const EACH: Duration = Duration::from_secs(30);
/// Consecutive failures for one name after which the longer interval applies.
const MOST_IN_A_ROW: u32 = 100;
/// The longer interval, until an attempt succeeds or the password is reset.
const EACH_OF_MANY: Duration = Duration::from_secs(3_600);
/// How long consecutive failures are remembered after the last one.
const MEMORY: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Names kept. Beyond that, those with few failures are forgotten.
const MOST_NAMES: usize = 100_000;

/// Counts attempts to sign in.
#[derive(Default)]
pub struct LoginThrottle {
    names: Mutex<HashMap<String, Bucket>>,
    addresses: Mutex<HashMap<IpAddr, Bucket>>,
}

/// What is left of a bucket.
struct Bucket {
    left: f64,
    at: Instant,
    in_a_row: u32,
}

impl Bucket {
    const fn full(burst: f64, now: Instant) -> Self {
        Self { left: burst, at: now, in_a_row: 0 }
    }

    /// Fills it by what time has passed.
    fn fill(&mut self, burst: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.at);
        self.left = (self.left + passed.as_secs_f64() / EACH.as_secs_f64()).min(burst);
        self.at = now;
    }

    fn take(&mut self, burst: f64, now: Instant) -> Result<(), Duration> {
        if self.in_a_row >= MOST_IN_A_ROW {
            let passed = now.saturating_duration_since(self.at);
            if passed < EACH_OF_MANY {
                return Err(EACH_OF_MANY.checked_sub(passed).unwrap_or_default());
            }
            self.at = now;
            return Ok(());
        }
        self.fill(burst, now);
        if self.left < 1.0 {
            return Err(EACH.mul_f64(1.0 - self.left));
        }
        self.left -= 1.0;
        Ok(())
    }
}

impl LoginThrottle {
    /// Takes a try for a name's key from an address.
    ///
    /// # Errors
    /// Too many; in this time there is one again. Nothing was taken.
    pub fn take(&self, name: &str, address: IpAddr, now: Instant) -> Result<(), Duration> {
        self.take_from(address, now)?;
        let mut names = self.names.lock();
        if names.len() >= MOST_NAMES && !names.contains_key(name) {
            names.retain(|_, bucket| f64::from(bucket.in_a_row) > NAME_BURST);
        }
        let bucket = names.entry(name.to_owned()).or_insert_with(|| Bucket::full(NAME_BURST, now));
        // Counted as in vain until it is known better: many at once are many.
        let taken = bucket.take(NAME_BURST, now);
        if taken.is_ok() {
            bucket.in_a_row = bucket.in_a_row.saturating_add(1);
        } else {
            drop(names);
            self.give_back(address);
        }
        taken
    }

    /// Takes a try from an address alone: for a secret that belongs to no name, or a name that may be taken.
    ///
    /// # Errors
    /// Too many; in this time there is one again.
    pub fn take_from(&self, address: IpAddr, now: Instant) -> Result<(), Duration> {
        let mut addresses = self.addresses.lock();
        addresses.entry(network(address)).or_insert_with(|| Bucket::full(ADDRESS_BURST, now)).take(ADDRESS_BURST, now)
    }

    /// The try was right: the name starts anew, and the address gets its try back.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        self.forget(name);
        self.give_back(address);
    }

    /// It was not found out whether the try was right: as if there had been none.
    pub fn undo(&self, name: &str, address: IpAddr) {
        if let Some(bucket) = self.names.lock().get_mut(name) {
            bucket.left = (bucket.left + 1.0).min(NAME_BURST);
            bucket.in_a_row = bucket.in_a_row.saturating_sub(1);
        }
        self.give_back(address);
    }

    /// The name starts anew.
    pub fn forget(&self, name: &str) {
        self.names.lock().remove(name);
    }

    /// What was taken from an address was not wrong.
    pub fn give_back(&self, address: IpAddr) {
        if let Some(bucket) = self.addresses.lock().get_mut(&network(address)) {
            bucket.left = (bucket.left + 1.0).min(ADDRESS_BURST);
        }
    }

    /// Forgets buckets that are full again, and rows of failures of long ago.
    pub fn remove_expired(&self, now: Instant) {
        remove_expired(&self.names, NAME_BURST, now);
        remove_expired(&self.addresses, ADDRESS_BURST, now);
    }
}

fn remove_expired<K: Eq + Hash>(buckets: &Mutex<HashMap<K, Bucket>>, burst: f64, now: Instant) {
    buckets.lock().retain(|_, bucket| {
        let passed = now.saturating_duration_since(bucket.at);
        let is_full = bucket.left + passed.as_secs_f64() / EACH.as_secs_f64() >= burst;
        let is_remembered = bucket.in_a_row > 0 && passed < MEMORY;
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
        assert_eq!(tries.take("ann", address(99), begin), Err(EACH));
        assert!(tries.take("bob", address(99), begin).is_ok(), "others do not suffer");
        assert!(tries.take("ann", address(99), begin + EACH).is_ok());
        assert!(tries.take("ann", address(99), begin + EACH).is_err());
    }

    #[test]
    fn an_address_tries_many_names_only_so_often() {
        let (tries, begin) = (LoginThrottle::default(), Instant::now());
        let goes = (0..500).take_while(|n| tries.take(&format!("name {n}"), address(1), begin).is_ok()).count();
        assert_eq!(goes, 50);
        assert_eq!(tries.take("ann", address(1), begin), Err(EACH), "the same wait as for a name");
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
    fn a_hundred_in_a_row_is_the_end_of_patience() {
        let (tries, mut now) = (LoginThrottle::default(), Instant::now());
        for n in 0..MOST_IN_A_ROW {
            tries.take("ann", address(u8::try_from(n % 250).unwrap()), now).unwrap();
            now += EACH;
        }
        assert!(tries.take("ann", address(251), now).unwrap_err() > EACH_OF_MANY / 2);
        tries.remove_expired(now + EACH_OF_MANY / 2);
        assert!(tries.take("ann", address(251), now + EACH_OF_MANY / 2).is_err(), "not forgotten");
        assert!(tries.take("ann", address(251), now + EACH_OF_MANY).is_ok());
        assert!(tries.take("ann", address(251), now + EACH_OF_MANY).is_err());
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
