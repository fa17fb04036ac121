//! What is known of a Socket.IO session's network connection, from either end.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// See the module. Shared by the connection and by whoever takes part through it.
#[derive(Default)]
pub(super) struct Carrier {
    /// The connection is to end, once what waits is written.
    pub(super) ending: CancellationToken,
    /// How it is found, when it began as polling.
    listed: Option<(Carriers, String)>,
}

/// Those of sessions that may go from polling to WebSocket, by their id.
#[derive(Clone, Default)]
pub(super) struct Carriers(Arc<Mutex<HashMap<String, Weak<Carrier>>>>);

impl Carriers {
    /// The one of this session: for whoever asks first, a new one.
    pub(super) fn of(&self, sid: String) -> Arc<Carrier> {
        let mut all = self.0.lock();
        if let Some(found) = all.get(&sid).and_then(Weak::upgrade) {
            return found;
        }
        let listed = Some((self.clone(), sid.clone()));
        let carrier = Arc::new(Carrier { ending: CancellationToken::new(), listed });
        all.insert(sid, Arc::downgrade(&carrier));
        carrier
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let Some((carriers, sid)) = self.listed.take() else { return };
        let mut all = carriers.0.lock();
        if all.get(&sid).is_some_and(|listed| listed.strong_count() == 0) {
            all.remove(&sid);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_find_the_same_and_nothing_is_kept() {
        let carriers = Carriers::default();
        let (one, other) = (carriers.of("a".into()), carriers.of("a".into()));
        assert!(Arc::ptr_eq(&one, &other));
        assert!(!Arc::ptr_eq(&one, &carriers.of("b".into())));
        drop((one, other));
        assert!(carriers.0.lock().is_empty());
    }
}
