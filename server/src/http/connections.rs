//! The live connections of those whose session has ended, or who are no longer what they were.

use std::time::Duration;

use parlor_protocol::CloseCode;

use super::App;
use crate::connection::{Connection, Disconnect};

/// Time for a page to get the answer with its new cookie, before it comes back.
const TIME_FOR_THE_ANSWER: Duration = Duration::from_secs(1);

impl App {
    /// Ends the connections of sessions that were ended. To be called once that is committed: who comes in later is told
    /// at `hello`.
    pub(super) fn revoke(&self, is_theirs: impl Fn(&Connection) -> bool) {
        self.end(is_theirs, Disconnect { code: CloseCode::SessionRevoked, reconnect_after: None });
    }

    /// Ends connections of people who are another from now on, or whose session goes on under another token. They come
    /// back by themselves. To be called once that is committed.
    pub(super) fn renew(&self, is_theirs: impl Fn(&Connection) -> bool) {
        let reconnect_after = Some(TIME_FOR_THE_ANSWER);
        self.end(is_theirs, Disconnect { code: CloseCode::IdentityChanged, reconnect_after });
    }

    /// Ends the connections of people who were banned. To be called once that is committed.
    pub(super) fn send_away(&self, is_theirs: impl Fn(&Connection) -> bool) {
        self.end(is_theirs, Disconnect { code: CloseCode::Banned, reconnect_after: None });
    }

    fn end(&self, is_theirs: impl Fn(&Connection) -> bool, disconnect: Disconnect) {
        // All that there are, also those that have not said hello.
        for connection in self.live.wheel.connections() {
            if is_theirs(&connection) {
                connection.queue.close(disconnect);
            }
        }
    }
}
