//! The service layer: what people can do, one method for each act.
//!
//! REST handlers, server functions, live sessions and gateways parse their input, call one method of [`Services`] and
//! answer. A method takes who acts ([`Caller`]) and typed input, checks permissions and limits, and returns a typed result or
//! a [`ServiceError`]. Nothing here knows HTTP or SQL.

use std::sync::Arc;

use parlor_protocol::{RoomId, UserId};

use crate::{
    cache::CachedStore,
    config::{Config, Switch},
    connection::HeartbeatWheel,
    keyed_mutex::KeyedMutex,
    limits::{LoginThrottle, MutationRateLimit},
    room::Hub,
};

mod accounts;
mod audit;
mod bans;
mod caller;
mod error;
mod history;
mod invites;
mod members;
mod memberships;
mod messages;
mod mutes;
mod names;
mod password_hash;
mod password_policy;
mod passwords;
mod people;
mod permissions;
mod profiles;
mod read_state;
mod room_list;
mod rooms;
mod sessions;
mod settings;
mod throttle;
mod tokens;

pub use accounts::AccountName;
pub use audit::AuditLog;
pub use bans::ListedBan;
pub use caller::{Caller, ClientInfo};
pub use error::{ErrorKind, Field, Result, ServiceError};
pub use invites::InviteDetails;
pub use members::{MemberDetails, MembersPage};
pub use messages::{MessageDeletion, MessageEdit, MessageReaction, NewMessage, StoredEvent};
pub use password_policy::WeakPassword;
pub use passwords::RESET_LINK_LIFETIME;
pub use people::{BanDetails, PersonDetails, PersonPermissions};
pub use rooms::{RoomDetails, RoomPermissions};
pub use settings::{SettingFlags, picture_path};
pub(crate) use tokens::new_secret;
pub use tokens::{generate_token, hash_token};

/// Everything that the services need. Shared by all entry points.
pub struct Services {
    /// Durable data.
    pub store: Arc<CachedStore>,
    /// Live rooms and the people who are connected.
    pub hub: Arc<Hub>,
    pub connections: Arc<HeartbeatWheel>,
    /// The flags that fix settings of the server.
    pub flags: SettingFlags,
    /// Whether rate limits apply.
    pub rate_limits: bool,
    /// Limits requests that change something, by address and session.
    pub mutation_rate_limit: MutationRateLimit,
    /// Limits attempts at passwords, names and secret links.
    pub login_throttle: LoginThrottle,
    /// Orders changes of one person's read positions and notification levels over all their devices.
    pub marking: KeyedMutex<UserId>,
    /// One task at a time reads what is unread in a room; the others then find it in memory.
    pub counting: KeyedMutex<RoomId>,
}

impl Services {
    pub fn new(store: Arc<CachedStore>, hub: Arc<Hub>, connections: Arc<HeartbeatWheel>, config: &Config) -> Self {
        Self {
            store,
            hub,
            connections,
            flags: config.into(),
            rate_limits: config.rate_limits == Switch::On,
            mutation_rate_limit: MutationRateLimit::default(),
            login_throttle: LoginThrottle::default(),
            marking: KeyedMutex::default(),
            counting: KeyedMutex::default(),
        }
    }
}
