//! Members of a room: listing, adding, removing, moderators.

use std::sync::Arc;

use parlor_protocol::{
    Millis, RoomId, RoomKind, ServerRole, User, UserId, UserKind,
    http::{Member, MemberList},
    limits,
    policy::{self, ModerationCase, ModerationParty, RoomAction, ServerAction},
};

use super::{Caller, Result, ServiceError, Services};
use crate::{accounts::names, domain::RoomMembership, room::Room};

/// Members on one page of the settings.
const PAGE_SIZE: usize = 50;

/// A page of the members of a room, with what the caller may do about each.
#[derive(Clone, Debug)]
pub struct MembersPage {
    pub members: Vec<MemberDetails>,
    /// Members of the room in total.
    pub count: u64,
    /// Members before this page.
    pub offset: usize,
    /// The offset of the next page; none on the last one.
    pub next: Option<usize>,
    /// The caller may add members.
    pub invite: bool,
    /// Names to suggest for [`Services::add_member_by_name`].
    pub suggestions: Vec<String>,
}

/// A member, and what the caller may do about them.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools)]
pub struct MemberDetails {
    pub user: User,
    pub moderator: bool,
    pub online: bool,
    pub seen_at: Option<Millis>,
    /// The end of a mute in this room, for those who may mute here.
    pub muted_until: Option<Millis>,
    /// The member is the caller.
    pub is_caller: bool,
    /// The caller may see [`Services::person_details`] of them.
    pub has_page: bool,
    pub may_remove: bool,
    pub may_appoint: bool,
    pub may_mute: bool,
}

/// What the caller may do in a room, before looking at whom it concerns.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
struct Permissions {
    party: ModerationParty,
    remove: bool,
    appoint: bool,
    mute: bool,
    list_people: bool,
    moderate: bool,
}

impl Services {
    /// The members of a room by name. Presence is told to those who may list the people of the server.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn list_members(&self, caller: &Caller, room: &RoomId) -> Result<MemberList> {
        self.authorize(caller, RoomAction::Read, room).await?;
        let (mut members, count) = self.store.members(room, limits::MAX_MEMBERS_LISTED).await?;
        let tell_presence = self.can(caller, ServerAction::ListPeople);
        for member in &mut members {
            (member.online, member.seen_at) =
                if tell_presence { self.presence(member.user.id, member.seen_at) } else { (false, None) };
        }
        Ok(MemberList { members, count })
    }

    /// Adds a member to a room, or the caller to a public room. Adding a member again changes nothing.
    ///
    /// # Errors
    /// The caller may not, or the person does not exist.
    pub async fn add_member(&self, caller: &Caller, room: &RoomId, user: UserId) -> Result<()> {
        let (live_room, membership) = self.authorize(caller, RoomAction::See, room).await?;
        let is_self = user == caller.user.id;
        if is_self && membership.is_some() {
            return Ok(());
        }
        self.authorize(caller, if is_self { RoomAction::Join } else { RoomAction::Invite }, room).await?;
        let read = self.store.add_member(room, user, caller.user.id).await?.ok_or(ServiceError::PersonNotFound)?;
        self.hub.became_member(user, &live_room, RoomMembership::since(read), None);
        Ok(())
    }

    /// Adds the person whose account has this name.
    ///
    /// # Errors
    /// As [`Services::add_member`].
    pub async fn add_member_by_name(&self, caller: &Caller, room: &RoomId, name: &str) -> Result<()> {
        // Checked first: the answer tells whether an account exists.
        self.authorize(caller, RoomAction::Invite, room).await?;
        let user = self.find_person_by_name(name).await?.ok_or(ServiceError::PersonNotFound)?;
        self.add_member(caller, room, user).await
    }

    /// Removes a member from a room, or lets the caller leave it.
    ///
    /// # Errors
    /// The caller may not, or the person is not a member.
    pub async fn remove_member(&self, caller: &Caller, room: &RoomId, user: UserId) -> Result<()> {
        let is_self = user == caller.user.id;
        let action = if is_self { RoomAction::Leave } else { RoomAction::Remove };
        let (live_room, _) = self.authorize(caller, action, room).await?;
        if !is_self {
            let memberships = self.store.memberships(user).await?;
            let is_moderator =
                memberships.iter().any(|membership| membership.room == *room && membership.state.moderator);
            if !policy::can_remove_member(party_in(&live_room, caller.user.id, caller.role, false), is_moderator) {
                return Err(ServiceError::Forbidden);
            }
        }
        let removed = self.store.remove_member(room, user, caller.user.id).await?;
        let seq = removed.ok_or(ServiceError::PersonNotFound)?;
        if is_self && live_room.kind == RoomKind::Public {
            // Leaving a public room creates no event.
            self.hub.was_removed(user, &live_room, seq);
        }
        Ok(())
    }

    /// Makes a member a moderator of the room, or ends that.
    ///
    /// # Errors
    /// The caller may not, or the person is not a member.
    pub async fn set_room_moderator(
        &self,
        caller: &Caller,
        room: &RoomId,
        user: UserId,
        moderator: bool,
    ) -> Result<()> {
        self.authorize(caller, RoomAction::Appoint, room).await?;
        if self.store.set_moderator(room, user, moderator, caller.user.id).await? {
            Ok(())
        } else {
            Err(ServiceError::PersonNotFound)
        }
    }

    /// A page of the members, with what the caller may do about each.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn members_page(&self, caller: &Caller, room: &RoomId, offset: usize) -> Result<MembersPage> {
        let (live_room, membership) = self.authorize(caller, RoomAction::See, room).await?;
        let MemberList { members, count } = self.list_members(caller, room).await?;
        let may = async |action| self.authorize(caller, action, room).await.is_ok();
        let is_moderator = membership.is_some_and(|membership| membership.state.moderator);
        let permissions = Permissions {
            party: party_in(&live_room, caller.user.id, caller.role, is_moderator),
            remove: may(RoomAction::Remove).await,
            appoint: may(RoomAction::Appoint).await,
            mute: may(RoomAction::Mute).await,
            list_people: self.can(caller, ServerAction::ListPeople),
            moderate: self.can(caller, ServerAction::Moderate),
        };
        let invite = may(RoomAction::Invite).await;
        let suggestions = if invite { self.member_suggestions(&members).await? } else { Vec::new() };
        let next = Some(offset.saturating_add(PAGE_SIZE)).filter(|next| *next < members.len());
        let mut page = Vec::new();
        for member in members.into_iter().skip(offset).take(PAGE_SIZE) {
            page.push(self.member_details(caller, &live_room, permissions, member).await?);
        }
        let offset = if page.is_empty() { 0 } else { offset };
        Ok(MembersPage { members: page, count, offset, next, invite, suggestions })
    }

    async fn member_details(
        &self,
        caller: &Caller,
        room: &Arc<Room>,
        permissions: Permissions,
        member: Member,
    ) -> Result<MemberDetails> {
        let Member { user, moderator, seen_at, online } = member;
        let is_caller = user.id == caller.user.id;
        let may_mute = permissions.mute && !is_caller && {
            let on = party_in(room, user.id, self.role_of(user.id).await?, moderator);
            policy::can_mute_in_room(ModerationCase { by: permissions.party, on, by_another: false })
        };
        Ok(MemberDetails {
            moderator,
            online,
            seen_at,
            muted_until: self.store.mutes_of(user.id, &room.id).room.filter(|_| permissions.mute),
            is_caller,
            has_page: permissions.list_people && (user.kind == UserKind::Account || permissions.moderate),
            may_remove: permissions.remove && !is_caller && policy::can_remove_member(permissions.party, moderator),
            may_appoint: permissions.appoint && room.kind != RoomKind::Direct,
            may_mute,
            user,
        })
    }

    async fn member_suggestions(&self, members: &[Member]) -> Result<Vec<String>> {
        let people = self.store.people("", None, limits::MAX_PAGE_SIZE).await?.people;
        let others = people.into_iter().filter(|person| !members.iter().any(|member| member.user.id == person.id));
        Ok(others.map(|person| person.name).collect())
    }

    /// The account that shows this name, or else signs in with it, in any spelling that counts as the same.
    async fn find_person_by_name(&self, name: &str) -> Result<Option<UserId>> {
        let key = names::key(name);
        if key.is_empty() {
            return Ok(None);
        }
        // The list is ordered by this key: the key without its last letter is a cursor close before it.
        let mut cursor = key.clone();
        cursor.pop();
        let found = self.store.people(&key, Some(&cursor), limits::MAX_PAGE_SIZE).await?.people;
        if let Some(person) = found.into_iter().find(|person| names::key(&person.name) == key) {
            return Ok(Some(person.id));
        }
        Ok(self.store.account_by_name(&key).await?.map(|account| account.user.id))
    }
}

fn party_in(room: &Room, user: UserId, role: ServerRole, moderator: bool) -> ModerationParty {
    ModerationParty { role, moderator, maker: room.is_made_by(user) }
}
