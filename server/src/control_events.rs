//! The consumer of control events: applies what a commit changed beside the rooms' logs to the live rooms, the connected
//! users and their connections. It needs nothing but the events, so it works for commits of any process.
//!
//! Fan-out calls it for each commit before it delivers the commit's room events: a room is live before its first event.

use std::time::Duration;

use parlor_protocol::CloseCode;

use crate::{
    connection::{Connection, Disconnect, HeartbeatWheel},
    domain::{ControlEvent, MembershipChange, SessionEnd},
    room::Hub,
};

/// Lets the browser store the new cookie of the response before it reconnects.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

pub fn apply(hub: &Hub, connections: &HeartbeatWheel, event: &ControlEvent) {
    let close = |code, matches: &dyn Fn(&Connection) -> bool| close_connections(connections, code, matches);
    match event {
        ControlEvent::SessionsEnded { sessions, reason, .. } => {
            let code = match reason {
                SessionEnd::Ended => CloseCode::SessionRevoked,
                SessionEnd::Replaced => CloseCode::IdentityChanged,
            };
            close(code, &|connection| sessions.contains(&connection.session));
        }
        ControlEvent::ProfileChanged { user } => {
            close(CloseCode::IdentityChanged, &|connection| connection.user.id == user.id && *connection.user != *user);
            hub.update_profile(user);
        }
        ControlEvent::RoleChanged { user, role } => {
            hub.set_role(*user, *role);
            close(CloseCode::IdentityChanged, &|connection| connection.user.id == *user && connection.role != *role);
        }
        ControlEvent::RoomCreated { room } => hub.create_room(room.clone()),
        // Applied before the commit by the process of the connection; see `Services::mark_read`.
        ControlEvent::MembershipChanged {
            user,
            change: MembershipChange::Read { origin, .. } | MembershipChange::UnreadFrom { origin, .. },
            ..
        } if hub.is_connected(*user, *origin) => {}
        ControlEvent::MembershipChanged { room, user, change } => match hub.room(room) {
            Some(room) => hub.change_membership(*user, &room, *change),
            None => tracing::error!(%room, "a membership of a room that is not live"),
        },
        ControlEvent::UserBanned { user, guest_sessions, .. } => close(CloseCode::Banned, &|connection| {
            connection.user.id == *user || guest_sessions.contains(&connection.session)
        }),
        // Looked up in the cache.
        ControlEvent::BanLifted { .. }
        | ControlEvent::UserMuted { .. }
        | ControlEvent::MuteLifted { .. }
        | ControlEvent::SettingsChanged { .. } => {}
        // It takes a read of the store; see `cluster::presence`.
        ControlEvent::PresenceChanged { .. } => {}
    }
}

/// Closes connections. One that is being opened meanwhile finds out at `hello`.
fn close_connections(connections: &HeartbeatWheel, code: CloseCode, matches: &dyn Fn(&Connection) -> bool) {
    let reconnect_after = (code == CloseCode::IdentityChanged).then_some(RECONNECT_DELAY);
    for connection in connections.connections().iter().filter(|connection| matches(connection)) {
        connection.queue.close(Disconnect { code, reconnect_after });
    }
}
