//! What a member has read: read positions and unread marks.

use parlor_protocol::{RoomId, Seq, policy::RoomAction};

use super::{Result, Services};
use crate::{
    connection::Connection,
    domain::{MembershipChange, RoomMembership},
};

impl Services {
    /// Moves a read position forward.
    ///
    /// # Errors
    /// The reader is not a member, or the store failed.
    pub async fn mark_read(&self, reader: &Connection, room: &RoomId, seq: Seq) -> Result<()> {
        let live_room = self.authorize_connected(reader, RoomAction::Mark, room)?;
        let (user, seq) = (reader.user.id, seq.min(live_room.head()));
        let _guard = self.marking.lock(&user).await;
        self.store.set_read(room, user, seq, reader.id).await?;
        // Not left to the control event, which comes after the commit: until then the reader would be sent summaries with the
        // old position.
        self.hub.change_membership(user, &live_room, MembershipChange::Read { seq, origin: reader.id });
        Ok(())
    }

    /// Marks the messages from a seq on as unread.
    ///
    /// # Errors
    /// The reader is not a member, or the store failed.
    pub async fn mark_unread(&self, reader: &Connection, room: &RoomId, seq: Seq) -> Result<()> {
        let live_room = self.authorize_connected(reader, RoomAction::Mark, room)?;
        let head = live_room.head();
        if head == 0 {
            return Ok(());
        }
        let (user, seq) = (reader.user.id, seq.clamp(1, head));
        let _guard = self.marking.lock(&user).await;
        // The unread index may not reach back that far.
        self.load_unread(&live_room, RoomMembership::since(seq - 1)).await?;
        self.store.set_unread_from(room, user, seq, reader.id).await?;
        self.hub.change_membership(user, &live_room, MembershipChange::UnreadFrom { seq, origin: reader.id });
        Ok(())
    }
}
