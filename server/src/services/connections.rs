//! Closing live connections after their session, person or role has changed. Called after the commit; a connection that was
//! being established meanwhile finds out at `hello`.

use std::time::Duration;

use parlor_protocol::CloseCode;

use super::Services;
use crate::connection::{Connection, Disconnect};

/// Lets the browser store the new cookie of the answer before it reconnects.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

impl Services {
    /// Closes connections whose session has ended.
    pub(super) fn close_revoked(&self, matches: impl Fn(&Connection) -> bool) {
        self.close_connections(matches, Disconnect { code: CloseCode::SessionRevoked, reconnect_after: None });
    }

    /// Closes connections whose person or session token has changed; their clients reconnect.
    pub(super) fn close_changed(&self, matches: impl Fn(&Connection) -> bool) {
        let reconnect_after = Some(RECONNECT_DELAY);
        self.close_connections(matches, Disconnect { code: CloseCode::IdentityChanged, reconnect_after });
    }

    /// Closes connections of banned people.
    pub(super) fn close_banned(&self, matches: impl Fn(&Connection) -> bool) {
        self.close_connections(matches, Disconnect { code: CloseCode::Banned, reconnect_after: None });
    }

    fn close_connections(&self, matches: impl Fn(&Connection) -> bool, disconnect: Disconnect) {
        for connection in self.connections.connections() {
            if matches(&connection) {
                connection.queue.close(disconnect);
            }
        }
    }
}
