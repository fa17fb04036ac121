//! What the logs of rooms mean, whatever the database: what may be appended, and how events are stored in columns.

mod columns;
mod digest;
mod entry;
mod page;
mod row;
mod state;

pub(super) use columns::{Columns, encode};
pub(super) use digest::ERASED_DIGEST;
pub(super) use entry::{Decided, NewEntry, UnchangedReaction};
pub(super) use page::PageRange;
pub(super) use row::{EventRow, MessageRow, ReactionRow, VersionRow};
pub(super) use state::{LogState, Reacted, RoomAccess, StoredEntry, StoredReaction};
