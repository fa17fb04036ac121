//! Bans: imposing, lifting, listing.

use parlor_protocol::{
    Millis, UserId,
    http::{BanInfo, BanList, BanRequest},
    limits,
    policy::ServerAction,
    validate,
};

use super::{Caller, Field, Result, ServiceError, Services, invites::require_within};
use crate::{clock, domain::NewBan};

const HOUR: Millis = 3_600_000;

/// A ban in force, and whether the caller may lift it.
#[derive(Clone, Debug)]
pub struct ListedBan {
    pub ban: BanInfo,
    pub may_lift: bool,
}

impl Services {
    /// Bans someone and closes their connections; with the address, also those of guests who came from it.
    ///
    /// # Errors
    /// The caller may not, the input is not valid, or the person does not exist.
    pub async fn ban(&self, caller: &Caller, user: UserId, request: BanRequest) -> Result<()> {
        self.require(caller, ServerAction::Moderate)?;
        if let Some(hours) = request.hours {
            require_within(Field::Hours, hours, limits::MAX_BAN_HOURS)?;
        }
        let reason = validate::reason(&request.reason)
            .map_err(|reason| ServiceError::Invalid { field: Field::Reason, reason })?;
        let ban = NewBan {
            user,
            by: caller.user.id,
            reason,
            until: request.hours.map(|hours| clock::now().saturating_add(Millis::from(hours) * HOUR)),
            address: request.address,
        };
        Ok(self.store.ban(ban).await?)
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// The caller may not, or the person is not banned.
    pub async fn lift_ban(&self, caller: &Caller, user: UserId) -> Result<()> {
        self.require(caller, ServerAction::Moderate)?;
        Ok(self.store.lift_ban(user, caller.user.id).await?)
    }

    /// The bans in force, the newest first.
    ///
    /// # Errors
    /// The caller may not moderate.
    pub async fn list_bans(&self, caller: &Caller) -> Result<BanList> {
        self.require(caller, ServerAction::Moderate)?;
        Ok(BanList { bans: self.store.bans(limits::MAX_BANS_LISTED).await? })
    }

    /// The bans in force, each with whether the caller may lift it.
    ///
    /// # Errors
    /// The caller may not moderate.
    pub async fn list_bans_to_lift(&self, caller: &Caller) -> Result<Vec<ListedBan>> {
        let BanList { bans } = self.list_bans(caller).await?;
        let mut listed = Vec::with_capacity(bans.len());
        for ban in bans {
            let role = self.role_of(ban.user.id).await?;
            listed.push(ListedBan { may_lift: self.may_lift(caller, role, ban.made_by.id), ban });
        }
        Ok(listed)
    }
}
