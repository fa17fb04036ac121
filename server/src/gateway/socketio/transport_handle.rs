//! Shared state of a Socket.IO session's network connection and its participant.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

#[derive(Default)]
pub(super) struct TransportHandle {
    /// Cancelled to end the connection once its output is written.
    pub(super) ending: CancellationToken,
    /// Its entry in the list, when it began as polling.
    listed: Option<(TransportHandles, String)>,
}

/// The handles of sessions that may upgrade from polling to WebSocket, by session id.
#[derive(Clone, Default)]
pub(super) struct TransportHandles(Arc<Mutex<HashMap<String, Weak<TransportHandle>>>>);

impl TransportHandles {
    pub(super) fn contains(&self, sid: &str) -> bool {
        self.0.lock().contains_key(sid)
    }

    /// Returns or creates the handle of a session.
    pub(super) fn get_or_create(&self, sid: String) -> Arc<TransportHandle> {
        let mut all = self.0.lock();
        if let Some(found) = all.get(&sid).and_then(Weak::upgrade) {
            return found;
        }
        let listed = Some((self.clone(), sid.clone()));
        let handle = Arc::new(TransportHandle { ending: CancellationToken::new(), listed });
        all.insert(sid, Arc::downgrade(&handle));
        handle
    }
}

impl Drop for TransportHandle {
    fn drop(&mut self) {
        let Some((handles, sid)) = self.listed.take() else { return };
        let mut all = handles.0.lock();
        if all.get(&sid).is_some_and(|listed| listed.strong_count() == 0) {
            all.remove(&sid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_shared_and_removed() {
        let handles = TransportHandles::default();
        let (one, other) = (handles.get_or_create("a".into()), handles.get_or_create("a".into()));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&one, &handles.get_or_create("b".into())));
        drop((one, other));
        assert!(handles.0.lock().is_empty());
    }
}
