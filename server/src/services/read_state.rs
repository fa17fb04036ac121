//! What a member has read: read positions and unread marks.

use parlor_protocol::{RoomId, Seq, policy::RoomAction};

use super::{Result, Services};
use crate::{connection::Connection, domain::RoomMembership};

impl Services {
    /// Moves a read position forward.
    ///
    /// # Errors
    /// The reader is not a member, or the store failed.
    pub async fn mark_read(&self, reader: &Connection, room: &RoomId, seq: Seq) -> Result<()> {
        let live_room = self.authorize_connected(reader, RoomAction::Mark, room)?;
        let (user, seq) = (reader.user.id, seq.min(live_room.head()));
        let _guard = self.marking.lock(&user).await;
        self.store.set_read(room, user, seq).await?;
        self.hub.has_read(user, &live_room, seq, reader);
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
        self.store.set_unread_from(room, user, seq).await?;
        self.hub.has_marked(user, &live_room, seq, reader);
        Ok(())
    }
}
