//! The people of the server: the list, one person's details, roles.

use parlor_protocol::{
    Millis, RoomId, ServerRole, User, UserId, UserKind,
    http::{ChangeRoleRequest, PeoplePage},
    limits,
    policy::{self, ModerationCase, ServerAction},
};

use super::{Caller, Result, ServiceError, Services};
use crate::domain::names;

/// A person, and what the caller may do about them.
#[derive(Clone, Debug)]
pub struct PersonDetails {
    pub user: User,
    pub role: ServerRole,
    pub colour: Option<u8>,
    pub online: bool,
    pub seen_at: Option<Millis>,
    /// The end of a server-wide mute, for moderators.
    pub muted_until: Option<Millis>,
    /// The ban in force, for moderators.
    pub ban: Option<BanDetails>,
    pub permissions: PersonPermissions,
}

#[derive(Clone, Debug)]
pub struct BanDetails {
    pub until: Option<Millis>,
    pub reason: String,
    /// The name of who imposed it.
    pub made_by: String,
    pub may_lift: bool,
}

/// What the caller may do about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonPermissions {
    /// The person is the caller.
    pub is_caller: bool,
    /// Open a direct room with them.
    pub message: bool,
    /// Roles to give them.
    pub roles: Vec<ServerRole>,
    /// End their sessions.
    pub end_sessions: bool,
    /// Create a password reset link for them.
    pub reset_password: bool,
    /// Mute and ban them.
    pub moderate: bool,
}

impl PersonPermissions {
    /// Whether there is something to manage.
    pub fn can_manage(&self) -> bool {
        !self.roles.is_empty() || self.end_sessions || self.reset_password || self.moderate
    }
}

impl Services {
    /// The people who have accounts and whose name contains `query`, by name.
    ///
    /// # Errors
    /// The caller may not list people.
    pub async fn list_people(
        &self,
        caller: &Caller,
        query: &str,
        after: Option<&str>,
        limit: Option<u32>,
    ) -> Result<PeoplePage> {
        self.require(caller, ServerAction::ListPeople)?;
        let limit = limit.unwrap_or(limits::PEOPLE_PAGE_SIZE).clamp(1, limits::MAX_PAGE_SIZE);
        let mut page = self.store.search_accounts(&names::key(query), after, limit).await?;
        for person in &mut page.people {
            (person.online, person.seen_at) = self.presence(person.id, person.seen_at);
        }
        Ok(page)
    }

    /// Gives someone with a lower role another role below the caller's own. Owners can also make owners.
    ///
    /// # Errors
    /// The caller may not, or there is no such account.
    pub async fn change_role(&self, caller: &Caller, user: UserId, request: ChangeRoleRequest) -> Result<()> {
        self.require(caller, ServerAction::Appoint)?;
        if request.role == ServerRole::Guest {
            return Err(ServiceError::InvalidRole);
        }
        Ok(self.store.set_role(caller.user.id, user, request.role).await?)
    }

    /// One person. Guests are visible to moderators only.
    ///
    /// # Errors
    /// The caller may not list people, or there is no such person.
    pub async fn person_details(&self, caller: &Caller, id: UserId) -> Result<PersonDetails> {
        self.require(caller, ServerAction::ListPeople)?;
        let moderates = self.can(caller, ServerAction::Moderate);
        let (user, role, colour) = match self.store.account_of(id).await? {
            Some(account) => ((*account.user).clone(), account.role, account.colour),
            None => {
                let person = self.store.find_user(id).await?;
                let guest = person.filter(|person| person.kind == UserKind::Guest && moderates);
                (guest.ok_or(ServiceError::PersonNotFound)?, ServerRole::Guest, None)
            }
        };
        let (online, seen_at) = self.presence(id, self.store.seen_at(id).await?);
        Ok(PersonDetails {
            permissions: self.person_permissions(caller, id, user.kind, role),
            muted_until: self.store.mutes_of(id, &RoomId::lobby()).server.filter(|_| moderates),
            ban: if moderates { self.ban_details(caller, id, role).await? } else { None },
            user,
            role,
            colour,
            online,
            seen_at,
        })
    }

    async fn ban_details(&self, caller: &Caller, user: UserId, role: ServerRole) -> Result<Option<BanDetails>> {
        let Some(ban) = self.store.ban_of(user) else { return Ok(None) };
        let bans = self.store.bans(limits::MAX_BANS_LISTED).await?;
        let info = bans.into_iter().find(|ban| ban.user.id == user);
        let may_lift = info.as_ref().is_some_and(|info| self.may_lift(caller, role, info.made_by.id));
        let (reason, made_by) = info.map(|info| (info.reason, info.made_by.name)).unwrap_or_default();
        Ok(Some(BanDetails { until: ban.until, reason, made_by, may_lift }))
    }

    /// What the caller may do about a person with this role.
    pub fn person_permissions(
        &self,
        caller: &Caller,
        user: UserId,
        kind: UserKind,
        role: ServerRole,
    ) -> PersonPermissions {
        let is_account = kind == UserKind::Account;
        let may_appoint = is_account && self.can(caller, ServerAction::Appoint);
        let assignable = |to: &ServerRole| {
            may_appoint && *to != ServerRole::Guest && policy::can_assign_role(caller.role, role, *to)
        };
        let is_caller = user == caller.user.id;
        PersonPermissions {
            is_caller,
            message: !is_caller && self.can(caller, ServerAction::CreateDirect),
            roles: ServerRole::ALL.into_iter().filter(assignable).collect(),
            end_sessions: self.can(caller, ServerAction::EndSessions) && self.actor(caller.role).outranks(role),
            reset_password: is_account
                && self.can(caller, ServerAction::ResetPassword)
                && self.actor(caller.role).outranks(role),
            moderate: self.may_moderate(caller, role, false),
        }
    }

    /// Whether the caller may lift a ban that `made_by` imposed on someone with this role.
    pub(super) fn may_lift(&self, caller: &Caller, role: ServerRole, made_by: UserId) -> bool {
        self.may_moderate(caller, role, made_by != caller.user.id)
    }

    fn may_moderate(&self, caller: &Caller, on: ServerRole, by_another: bool) -> bool {
        self.can(caller, ServerAction::Moderate)
            && policy::can_moderate(ModerationCase { by: caller.role, on, by_another })
    }

    /// Whether someone is connected, and else when they last were: as stored, or newer and about to be stored.
    pub fn presence(&self, user: UserId, stored: Option<Millis>) -> (bool, Option<Millis>) {
        let (online, left) = self.hub.is_online(user);
        (online, left.or(stored).filter(|_| !online))
    }
}
