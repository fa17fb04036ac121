//! What text PostgreSQL can store.

/// Whether a text can be stored, and so be found: one with the character NUL cannot, and cannot even be looked up.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
