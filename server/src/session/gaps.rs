//! After an overflow: what can be continued by nothing but joining anew.

use std::sync::atomic::Ordering;

use parlor_protocol::{CloseCode, GapReason, RoomId, Seq, ServerFrame};

use super::Session;

impl Session {
    /// After an overflow: every joined room has a hole now, or may have one.
    pub(super) fn tell_gaps(&self) {
        self.overflows.fetch_add(1, Ordering::Relaxed);
        let (joined, gapped): (Vec<_>, Vec<_>) = {
            let mut state = self.state.lock();
            state.changes += 1;
            (std::mem::take(&mut state.joined), state.gapped.iter().cloned().collect())
        };
        if joined.is_empty() && gapped.is_empty() {
            // Answers were lost, and there is no room by which to say so: a new connection asks again.
            return self.close(CloseCode::TooSlow);
        }
        for joined in &joined {
            joined.room.unsubscribe(&self.connection);
        }
        let lost = self.connection.queue.recover();
        // Of a room that is no longer theirs there is nothing to say.
        for joined in joined.into_iter().filter(|joined| !joined.room.is_barred(self.user())) {
            let id = joined.room.id.clone();
            let head = joined.room.head();
            let after = lost.get(&id).map_or(head, |first| first - 1);
            self.push_gap(id, GapReason::Overflow, after, head);
        }
        // The `gap` that these were answered with may have been lost in its turn.
        for id in gapped {
            let head = self.live.hub.room(&id).map_or(0, |room| room.head());
            self.push_gap(id, GapReason::Overflow, head, head);
        }
    }

    /// Says that a room cannot be continued. Until the client has joined it anew, it is told again after an overflow.
    pub(super) fn push_gap(&self, room: RoomId, reason: GapReason, after: Seq, head: Seq) {
        self.state.lock().gapped.insert(room.clone());
        self.connection.push(&ServerFrame::Gap { room, reason, after, head });
    }
}
