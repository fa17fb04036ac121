//! The id of a form's submission. The server answers a form that is sent twice with the same id, as by a double click, only
//! once.

/// The field that it is in.
pub const FIELD: &str = "submission";

/// A new id, for a form that the server renders. The browser keeps the one that it got.
pub(crate) fn new_id() -> Option<String> {
    cfg!(feature = "ssr").then(|| uuid::Uuid::new_v4().to_string())
}
