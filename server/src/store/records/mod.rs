//! Rows as queries of every database return them, and what they become in domain types.

mod accounts;
mod audit;
mod invites;
mod restrictions;
mod rooms;
mod sessions;
mod settings;

pub(super) use accounts::{AccountRow, PersonRow, UserRow, people_page};
pub(super) use audit::AuditRow;
pub(super) use invites::InviteRow;
pub(super) use restrictions::{ActiveBanRow, ActiveMuteRow, BanRow};
pub(super) use rooms::{DirectMemberRow, MemberRow, MembershipRow, RoomRow, room_records};
pub(super) use sessions::{SessionRow, StoredSessionRow, tokens_from};
pub(super) use settings::SettingsRow;
