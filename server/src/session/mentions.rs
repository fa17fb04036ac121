//! Finds the members whom a message may mention by `@name`.

use parlor_protocol::RoomId;

use super::Live;
use crate::{domain::StoreError, markdown::Names};

impl Live {
    /// The members of a room with names that the body mentions. Connected members take precedence over stored ones.
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
