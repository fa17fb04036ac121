//! `read` and `mark_unread`: the read position of a member.

use parlor_protocol::{RoomId, Seq, policy::RoomAction};

use super::Session;
use crate::domain::RoomMembership;

impl Session {
    pub(super) async fn read(&self, id: &RoomId, seq: Seq) {
        let room = match self.live.may(&self.connection, RoomAction::Mark, id) {
            Ok(room) => room,
            Err(denied) => return self.refuse_denied(None, id.clone(), denied),
        };
        let seq = seq.min(room.head());
        let _turn = self.live.marking.lock(&self.user()).await;
        match self.live.store.set_read(id, self.user(), seq).await {
            Ok(()) => self.live.hub.has_read(self.user(), &room, seq, &self.connection),
            Err(error) => self.fail(None, Some(id.clone()), &error),
        }
    }

    pub(super) async fn mark_unread(&self, id: &RoomId, seq: Seq) {
        let room = match self.live.may(&self.connection, RoomAction::Mark, id) {
            Ok(room) => room,
            Err(denied) => return self.refuse_denied(None, id.clone(), denied),
        };
        let head = room.head();
        if head == 0 {
            return;
        }
        let seq = seq.clamp(1, head);
        let _turn = self.live.marking.lock(&self.user()).await;
        // The unread index may not reach back that far.
        let marked = match self.live.load_unread(&room, RoomMembership::since(seq - 1)).await {
            Ok(()) => self.live.store.set_unread_from(id, self.user(), seq).await,
            Err(error) => Err(error),
        };
        match marked {
            Ok(()) => self.live.hub.has_marked(self.user(), &room, seq, &self.connection),
            Err(error) => self.fail(None, Some(id.clone()), &error),
        }
    }
}
