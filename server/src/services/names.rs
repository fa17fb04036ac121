//! Names of people: validation, whether one is taken, and suggestions.

use std::sync::Arc;

use parlor_protocol::{
    UserId,
    validate::{self, ValidationError},
};

use super::{Field, Result, ServiceError, Services};
use crate::domain::{IsNameInUse, Name, names};

/// Variants of a taken name that are tried for a suggestion.
const MAX_SUGGESTIONS: u32 = 20;

/// A valid name with its comparison key.
pub(super) fn parse_name(text: &str) -> Result<Name> {
    let invalid = |reason| ServiceError::Invalid { field: Field::Name, reason };
    let text = validate::name(text).map_err(invalid)?;
    let name = Name::new(text);
    if name.key.is_empty() { Err(invalid(ValidationError::Empty)) } else { Ok(name) }
}

impl Services {
    /// Looks up names of connected people; guests have no other record of theirs.
    pub(super) fn names_in_use(&self) -> IsNameInUse {
        let hub = self.hub.clone();
        Arc::new(move |key, except| hub.is_name_used(key, except))
    }

    /// Whether an account or a connected person other than `except` has this name, or an account one that looks like it.
    pub(super) async fn is_name_taken(&self, name: &Name, except: Option<UserId>) -> Result<bool> {
        let is_used = names::is_reserved(name)
            || self.hub.is_name_used(&name.key, except)
            || self.hub.is_name_used_elsewhere(&name.key, except);
        Ok(is_used || self.store.is_name_taken(name, except).await?)
    }

    /// An available name similar to a taken one, such as `ann 2`; none when many similar names are taken.
    ///
    /// # Errors
    /// The name is not valid, or the store failed.
    pub async fn suggest_name(&self, name: &str, for_user: Option<UserId>) -> Result<Option<String>> {
        let name = parse_name(name)?.text;
        for number in 2..2 + MAX_SUGGESTIONS {
            let variant = Name::new(names::variant(&name, number));
            if !self.is_name_taken(&variant, for_user).await? {
                return Ok(Some(variant.text));
            }
        }
        Ok(None)
    }

    pub(super) async fn name_taken(&self, name: &str, for_user: Option<UserId>) -> ServiceError {
        match self.suggest_name(name, for_user).await {
            Ok(suggestion) => ServiceError::NameTaken { suggestion },
            Err(error) => error,
        }
    }
}
