//! Bans and mutes.

use parlor_protocol::{Millis, UserId, http::BanInfo};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::values::user;
use crate::domain::ControlEvent;

/// A ban with the user and who imposed it.
#[derive(FromRow)]
pub(in super::super) struct BanRow {
    id: Uuid,
    name: String,
    kind: String,
    colour: Option<i64>,
    made_by: Uuid,
    maker_name: String,
    maker_kind: String,
    maker_colour: Option<i64>,
    reason: String,
    has_address: bool,
    made_at: Millis,
    until: Option<Millis>,
}

impl BanRow {
    pub(in super::super) fn info(self) -> BanInfo {
        BanInfo {
            user: user(self.id, self.name, &self.kind, self.colour),
            reason: self.reason,
            address: self.has_address,
            made_by: user(self.made_by, self.maker_name, &self.maker_kind, self.maker_colour),
            made_at: self.made_at,
            until: self.until,
        }
    }
}

/// User, address and end of an active ban.
#[derive(FromRow)]
pub(in super::super) struct ActiveBanRow(Uuid, Option<String>, Option<Millis>);

impl ActiveBanRow {
    pub(in super::super) fn control_event(self) -> ControlEvent {
        let Self(user, address, until) = self;
        let address = address.and_then(|address| address.parse().ok());
        ControlEvent::UserBanned { user: UserId(user), until, address, guest_sessions: Vec::new() }
    }
}

/// User, room and end of an active mute.
#[derive(FromRow)]
pub(in super::super) struct ActiveMuteRow(Uuid, String, Millis);

impl ActiveMuteRow {
    pub(in super::super) fn control_event(self) -> ControlEvent {
        let Self(user, room, until) = self;
        let room = (!room.is_empty()).then(|| room.into());
        ControlEvent::UserMuted { user: UserId(user), room, until }
    }
}
