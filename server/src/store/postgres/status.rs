//! What is known of the connection to the database, for `/readyz`.

use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::error;
use crate::domain::StoreError;

#[derive(Default)]
pub(super) struct Status {
    /// Nothing can be stored until there is a new connection.
    is_writer_down: AtomicBool,
    /// The last failure since something was read or written.
    failure: Mutex<Option<String>>,
}

impl Status {
    pub(super) fn set_writer_down(&self, is_down: bool) {
        self.is_writer_down.store(is_down, Ordering::Relaxed);
        if !is_down {
            *self.failure.lock() = None;
        }
    }

    pub(super) fn is_writer_down(&self) -> bool {
        self.is_writer_down.load(Ordering::Relaxed)
    }

    /// Notes that a read or write succeeded, or its error. Refused and conflicting writes are no failures of the database.
    pub(super) fn note(&self, error: Option<&StoreError>) {
        match error.map(error::describe) {
            // The failure of the writer's connection stays.
            None if self.is_writer_down() => {}
            None => *self.failure.lock() = None,
            Some(None) => {}
            Some(failure) => *self.failure.lock() = failure,
        }
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.lock().clone()
    }
}
