//! Domain types: what the store, the services, the rooms and the transports pass to each other. They depend on the protocol
//! and on nothing else of the server.

mod account;
mod audit;
mod commit;
mod error;
mod invite;
mod log_command;
mod moderation;
pub mod names;
mod refusal;
mod room;
mod session;
mod settings;

pub use account::{Account, CreateError, IsNameInUse, Name, NewAccount};
pub use audit::AuditAct;
pub use commit::{
    Commit, CommitPosition, CommitSink, ControlEvent, MembershipChange, NodeId, NodePresence, NodeUser, SessionEnd,
};
pub use error::StoreError;
pub use invite::NewInvite;
pub use log_command::{AppendOutcome, AuthorRange, LogCommand, LogCommandKind, OnAppended, Page};
pub use moderation::{Ban, Mutes, NewBan, NewMute};
pub use refusal::Refusal;
pub use room::{Membership, RoomChange, RoomMembership, RoomRecord};
pub use session::{
    AuthenticatedUser, ConnectionId, NewSession, SEEN_INTERVAL, SESSION_IDLE_TIMEOUT, SessionRecord, SessionSelection,
    SignInDenial, StoredSession, TokenHash,
};
pub use settings::{PictureImage, ServerPicture, ServerSettings, SettingsChange};
