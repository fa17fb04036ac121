//! Secret tokens: of sessions, invitations and password resets. The store keeps their hashes only.

use sha2::{Digest, Sha256};

use super::{ClientInfo, Result, ServiceError};
use crate::domain::{NewSession, TokenHash};

/// A new secret: 256 bits from the operating system, in hexadecimal digits.
///
/// # Errors
/// The operating system gives no randomness.
pub fn generate_token() -> std::result::Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// What the store keeps of a token.
pub fn hash_token(token: &str) -> TokenHash {
    TokenHash(Sha256::digest(token).into())
}

/// [`generate_token`], for services and handlers.
pub(crate) fn new_secret() -> Result<String> {
    generate_token().map_err(|error| {
        tracing::error!(%error, "the operating system gives no randomness");
        ServiceError::Unavailable
    })
}

/// A new session for this client: its token, and the record to store.
pub(super) fn new_session(client: &ClientInfo) -> Result<(String, NewSession)> {
    let token = new_secret()?;
    let session = NewSession {
        token: hash_token(&token),
        device: client.device.clone(),
        address: Some(client.address.to_string()),
    };
    Ok((token, session))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn tokens_are_long_and_differ() {
        let (one, two) = (generate_token().unwrap(), generate_token().unwrap());
        assert_eq!(one.len(), 64);
        assert_ne!(one, two);
    }
}
