//! Who is meant by `@name` in a message. Looked up only when there may be one.

use parlor_protocol::RoomId;

use super::Live;
use crate::{domain::StoreError, markdown::Names};

impl Live {
    /// The members of a room whom a message may name: those who are connected by that name, then whom the store knows by it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) async fn names_in(&self, room: &RoomId, body: &str) -> Result<Names, StoreError> {
        let wanted = Names::wanted(body);
        if wanted.is_empty() {
            return Ok(Names::default());
        }
        let mut known = self.store.members_by_name(room, &wanted).await?;
        known.extend(self.hub.members_by_name(room, &wanted));
        Ok(Names::new(known))
    }
}
