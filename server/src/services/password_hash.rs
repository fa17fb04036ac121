//! Password hashing with argon2id (RFC 9106), on blocking threads and a few at a time, so that it delays nothing else.

use std::sync::LazyLock;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use tokio::sync::Semaphore;

use super::password_policy::{self, WeakPassword};

/// Concurrent hashes. Each takes 19 MiB; more would only make all of them slower.
const MAX_CONCURRENT: usize = 2;

/// Requests that may wait for a hash. Further ones are rejected at once.
const MAX_WAITING: usize = 64;

static HASHING: Semaphore = Semaphore::const_new(MAX_CONCURRENT);
static WAITING: Semaphore = Semaphore::const_new(MAX_WAITING);

/// Checked when the account does not exist, so that the response time does not reveal that.
static DUMMY_HASH: LazyLock<String> = LazyLock::new(|| hash_now("dummy").unwrap_or_default());

/// Why a password was not hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum HashError {
    /// Too many requests are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// The system provided no randomness or memory.
    #[error("the password could not be hashed")]
    Failed,
}

/// Hashes a password that someone chose: a PHC string with algorithm, cost and salt. `words` are those of this server and person.
pub(super) async fn hash(password: String, words: Vec<String>) -> Result<Result<String, WeakPassword>, HashError> {
    in_turn(move || {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        if password_policy::is_common(&password, &words) {
            return Ok(Err(WeakPassword::Obvious));
        }
        hash_now(&password_policy::normalise(&password)).map(Ok).ok_or(HashError::Failed)
    })
    .await?
}

/// Whether a password matches a hash, as typed or normalised: hashes of earlier versions are of what was typed. Without a hash,
/// the account does not exist, and the check takes as long.
pub(super) async fn verify(password: String, stored: Option<String>) -> Result<bool, HashError> {
    in_turn(move || {
        let known = stored.is_some();
        // Always accessed, because the first access computes it.
        let dummy = DUMMY_HASH.as_str();
        let stored = stored.as_deref().unwrap_or(dummy);
        let Ok(stored) = PasswordHash::new(stored) else { return false };
        let is_right = |password: &str| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok();
        let normalised = password_policy::normalise(&password);
        let right = is_right(&normalised) || (normalised != password && is_right(&password));
        known && right
    })
    .await
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, HashError> {
    let _place = WAITING.try_acquire().map_err(|_| HashError::Busy)?;
    let _turn = HASHING.acquire().await.map_err(|_| HashError::Failed)?;
    tokio::task::spawn_blocking(work).await.map_err(|_| HashError::Failed)
}

/// The cost: OWASP's second recommendation for argon2id (19 MiB, two passes), 20 to 50 ms on a small machine.
fn hash_now(password: &str) -> Option<String> {
    let params = Params::new(19 * 1024, 2, 1, None).ok()?;
    let hash: PasswordHash =
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params).hash_password(password.as_bytes()).ok()?;
    Some(hash.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let hash = async |password: &str| super::hash(password.into(), vec!["parlor".into()]).await.unwrap();
        let stored = hash("correct horse 正确").await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("correct horse 正确").await.unwrap(), "salted");
        assert!(verify("correct horse 正确".into(), Some(stored.clone())).await.unwrap());
        assert!(verify("ｃｏｒｒｅｃｔ horse 正确".into(), Some(stored.clone())).await.unwrap(), "the same in NFKC");
        assert!(!verify("correct horse".into(), Some(stored)).await.unwrap());
        assert!(!verify("nobody's".into(), None).await.unwrap());
        assert!(!verify("x".into(), Some("no hash at all".into())).await.unwrap());
        assert_eq!(hash("parlor123456").await, Err(WeakPassword::Obvious));
    }

    #[tokio::test]
    async fn hashes_of_earlier_versions_open_with_what_was_typed() {
        let (composed, decomposed) = ("caf\u{e9} au lait", "cafe\u{301} au lait");
        let old = hash_now(decomposed).unwrap();
        assert!(verify(decomposed.into(), Some(old.clone())).await.unwrap());
        assert!(!verify(composed.into(), Some(old)).await.unwrap());
        let new = hash(decomposed.into(), Vec::new()).await.unwrap().unwrap();
        assert!(verify(composed.into(), Some(new.clone())).await.unwrap());
        assert!(verify(decomposed.into(), Some(new)).await.unwrap());
    }
}
