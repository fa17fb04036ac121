//! `gap` frames: after an overflow, the client must join its rooms again.

use std::sync::atomic::Ordering;

use parlor_protocol::{CloseCode, GapReason, RoomId, Seq, ServerFrame};

use super::Session;

impl Session {
    /// Leaves all rooms after an overflow, since each may miss events, and says so.
    pub(super) fn report_gaps(&self) {
        self.overflows.fetch_add(1, Ordering::Relaxed);
        let (joined, gapped): (Vec<_>, Vec<_>) = {
            let mut state = self.state.lock();
            state.version += 1;
            (std::mem::take(&mut state.joined), state.gapped.iter().cloned().collect())
        };
        if joined.is_empty() && gapped.is_empty() {
            // Responses were lost without a room to report it for. A new connection makes the client ask again.
            return self.close(CloseCode::TooSlow);
        }
        for joined in &joined {
            joined.room.unsubscribe(&self.connection);
        }
        let lost = self.connection.queue.recover();
        // Rooms from which the user was removed are not mentioned.
        for joined in joined.into_iter().filter(|joined| !joined.room.is_removed(self.user())) {
            let id = joined.room.id.clone();
            let head = joined.room.head();
            let after = lost.get(&id).map_or(head, |first| first - 1);
            self.push_gap(id, GapReason::Overflow, after, head);
        }
        // An earlier `gap` for these may have been lost as well.
        for id in gapped {
            let head = self.context.hub.room(&id).map_or(0, |room| room.head());
            self.push_gap(id, GapReason::Overflow, head, head);
        }
    }

    /// Sends `gap` for a room. Repeated after an overflow until the client has joined the room again.
    pub(super) fn push_gap(&self, room: RoomId, reason: GapReason, after: Seq, head: Seq) {
        self.state.lock().gapped.insert(room.clone());
        self.connection.push(&ServerFrame::Gap { room, reason, after, head });
    }
}
