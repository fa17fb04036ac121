//! Password hashing with argon2id (RFC 9106), on blocking threads and a few at a time, so that it delays nothing else.

use std::{fmt, sync::LazyLock};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use parlor_protocol::limits;
use tokio::sync::Semaphore;

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

/// Why a password is too weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WeakPassword {
    /// Shorter than [`limits::MIN_PASSWORD_CHARS`].
    TooShort,
    /// Longer than [`limits::MAX_PASSWORD_BYTES`].
    TooLong,
    /// The name itself, or a short sequence repeated.
    Obvious,
}

impl fmt::Display for WeakPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort => write!(f, "A password has at least {} characters.", limits::MIN_PASSWORD_CHARS),
            Self::TooLong => write!(f, "A password has at most {} bytes.", limits::MAX_PASSWORD_BYTES),
            Self::Obvious => f.write_str("This password is too easy to guess."),
        }
    }
}

/// Checks the strength of a password for a user of this name: its length, not its composition (NIST SP 800-63B, section
/// 5.1.1.2).
///
/// # Errors
/// See [`WeakPassword`].
pub(super) fn check_strength(password: &str, name: &str) -> Result<(), WeakPassword> {
    if password.len() > limits::MAX_PASSWORD_BYTES {
        return Err(WeakPassword::TooLong);
    }
    if password.chars().count() < limits::MIN_PASSWORD_CHARS {
        return Err(WeakPassword::TooShort);
    }
    let (password, name) = (password.to_lowercase(), name.to_lowercase());
    if password == name || is_repetition(&password) {
        return Err(WeakPassword::Obvious);
    }
    Ok(())
}

/// Whether it repeats a sequence that is too short for a password itself.
fn is_repetition(password: &str) -> bool {
    let chars: Vec<_> = password.chars().collect();
    let most = chars.len().saturating_sub(1).min(limits::MIN_PASSWORD_CHARS.saturating_sub(1));
    (1..=most).any(|length| chars.chunks(length).all(|piece| *piece == chars[..length]))
}

/// Hashes a password: a PHC string with algorithm, cost and salt.
pub(super) async fn hash(password: String) -> Result<String, HashError> {
    in_turn(move || hash_now(&password).ok_or(HashError::Failed)).await?
}

/// Whether a password matches a hash. Without a hash, the account does not exist, and the check takes as long.
pub(super) async fn verify(password: String, stored: Option<String>) -> Result<bool, HashError> {
    in_turn(move || {
        let known = stored.is_some();
        // Always accessed, because the first access computes it.
        let dummy = DUMMY_HASH.as_str();
        let stored = stored.as_deref().unwrap_or(dummy);
        let right = PasswordHash::new(stored)
            .is_ok_and(|stored| Argon2::default().verify_password(password.as_bytes(), &stored).is_ok());
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
        let stored = hash("correct horse 正确".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_ne!(stored, hash("correct horse 正确".into()).await.unwrap(), "salted");
        assert!(verify("correct horse 正确".into(), Some(stored.clone())).await.unwrap());
        assert!(!verify("correct horse".into(), Some(stored)).await.unwrap());
        assert!(!verify("nobody's".into(), None).await.unwrap());
        assert!(!verify("x".into(), Some("no hash at all".into())).await.unwrap());
    }

    #[test]
    fn strength_is_length() {
        assert_eq!(check_strength("short", "ann"), Err(WeakPassword::TooShort));
        assert_eq!(check_strength("正确的马电池订书钉吧", "ann"), Ok(()));
        for again in ["aaaaaaaaaaaa", "passwordpassword", "PasswordpassworD", "123123123123", "密码密码密码密码密码"]
        {
            assert_eq!(check_strength(again, "ann"), Err(WeakPassword::Obvious), "{again}");
        }
        assert_eq!(check_strength("correct horse correct horse ", "ann"), Ok(()), "what would do by itself");
        assert_eq!(check_strength("passwordpasswort", "ann"), Ok(()));
        assert_eq!(check_strength("Ann Miller", "ann miller"), Err(WeakPassword::Obvious));
        assert_eq!(check_strength(&"a b".repeat(500), "ann"), Err(WeakPassword::TooLong));
    }
}
