//! Why a gateway did not do what its client asked for.

use std::borrow::Cow;

use parlor_protocol::error_code;

use crate::services::ServiceError;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// One of [`error_code`].
    pub(super) code: &'static str,
    /// A sentence for people, in English.
    pub(super) message: Cow<'static, str>,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into() }
    }

    pub(super) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(error_code::BAD_REQUEST, message)
    }
}

impl From<ServiceError> for Refusal {
    fn from(error: ServiceError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
