//! The members of a room, with what the caller may do about each.

use std::sync::Arc;

use parlor_protocol::{
    Millis, RoomId, RoomKind, RoomRole, User, UserId, UserKind,
    http::{Member, MemberList},
    limits,
    policy::{self, Party, RoomAction, ServerAction},
};

use super::{Caller, Result, Services};
use crate::room::Room;

/// Members on one page of the settings.
const MEMBERS_ON_PAGE: u32 = 50;

/// A page of the members of a room, with what the caller may do about each.
#[derive(Clone, Debug)]
pub struct MembersPage {
    pub members: Vec<MemberDetails>,
    /// Members of the room in total.
    pub count: u64,
    /// The last member of this page; none on the last page.
    pub next: Option<UserId>,
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
    pub role: RoomRole,
    pub online: bool,
    pub seen_at: Option<Millis>,
    /// The end of a mute in this room, for those who may mute here.
    pub muted_until: Option<Millis>,
    /// The member is the caller.
    pub is_caller: bool,
    /// The caller may see [`Services::person_details`] of them.
    pub has_page: bool,
    pub may_remove: bool,
    /// The caller may make them a moderator.
    pub may_appoint: bool,
    pub may_dismiss: bool,
    /// The caller may make them the owner.
    pub may_make_owner: bool,
    pub may_mute: bool,
}

/// What the caller may do in a room, regardless of the member.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)]
struct Permissions {
    party: Party,
    remove: bool,
    appoint: bool,
    change_owner: bool,
    mute: bool,
    list_people: bool,
    moderate: bool,
}

impl Services {
    /// The members of a room by name, at most `limit` of those after a user. Presence is told to those who may list the people
    /// of the server.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn list_members(
        &self,
        caller: &Caller,
        room: &RoomId,
        after: Option<UserId>,
        limit: Option<u32>,
    ) -> Result<MemberList> {
        self.authorize(caller, RoomAction::Read, room).await?;
        let limit = limit.unwrap_or(limits::MAX_MEMBERS_LISTED).clamp(1, limits::MAX_MEMBERS_LISTED);
        // One more shows whether there is another page.
        let (mut members, count) = self.store.members(room, after, limit + 1).await?;
        let has_more = members.len() > limit as usize;
        members.truncate(limit as usize);
        let next = members.last().map(|member| member.user.id).filter(|_| has_more);
        let tell_presence = self.can(caller, ServerAction::ListPeople);
        for member in &mut members {
            (member.online, member.seen_at) =
                if tell_presence { self.presence(member.user.id, member.seen_at) } else { (false, None) };
        }
        Ok(MemberList { members, count, next })
    }

    /// A page of the members after a user, with what the caller may do about each.
    ///
    /// # Errors
    /// The caller may not read the room.
    pub async fn members_page(&self, caller: &Caller, room: &RoomId, after: Option<UserId>) -> Result<MembersPage> {
        let (live_room, membership) = self.authorize(caller, RoomAction::See, room).await?;
        let MemberList { members, count, next } = self.list_members(caller, room, after, Some(MEMBERS_ON_PAGE)).await?;
        let may = async |action| self.authorize(caller, action, room).await.is_ok();
        let room_role = membership.map(|membership| membership.state.role).unwrap_or_default();
        let party = Party { role: caller.role, room_role };
        let permissions = Permissions {
            party,
            change_owner: may(RoomAction::ChangeOwner).await && self.may_change_owner(party, room).await?,
            remove: may(RoomAction::Remove).await,
            appoint: may(RoomAction::Appoint).await,
            mute: may(RoomAction::Mute).await,
            list_people: self.can(caller, ServerAction::ListPeople),
            moderate: self.can(caller, ServerAction::Moderate),
        };
        let invite = may(RoomAction::Invite).await;
        let suggestions = if invite { self.member_suggestions(room).await? } else { Vec::new() };
        let mut page = Vec::with_capacity(members.len());
        for member in members {
            page.push(self.member_details(caller, &live_room, permissions, member).await?);
        }
        Ok(MembersPage { members: page, count, next, invite, suggestions })
    }

    async fn member_details(
        &self,
        caller: &Caller,
        room: &Arc<Room>,
        permissions: Permissions,
        member: Member,
    ) -> Result<MemberDetails> {
        let Member { user, moderator, owner, seen_at, online } = member;
        let is_caller = user.id == caller.user.id;
        let (by, role) = (permissions.party, RoomRole::from_flags(moderator, owner));
        let target = Party { role: self.role_of(user.id).await?, room_role: role };
        let may_act = !is_caller && by.outranks(target);
        let may_dismiss = role.moderates() && policy::can_dismiss(by, target, is_caller);
        Ok(MemberDetails {
            role,
            online,
            seen_at,
            muted_until: self.store.mutes_of(user.id, &room.id).room.filter(|_| permissions.mute),
            is_caller,
            has_page: permissions.list_people && (user.kind == UserKind::Account || permissions.moderate),
            may_remove: permissions.remove && may_act,
            may_appoint: permissions.appoint && room.kind != RoomKind::Direct && !role.moderates(),
            may_dismiss: permissions.appoint && may_dismiss,
            may_make_owner: permissions.change_owner && role != RoomRole::Owner,
            may_mute: permissions.mute && may_act,
            user,
        })
    }

    /// Whether someone who may change the owner of rooms may do so in this one.
    async fn may_change_owner(&self, by: Party, room: &RoomId) -> Result<bool> {
        let Some(owner) = self.store.owner(room).await? else { return Ok(true) };
        let owner = Party { role: self.role_of(owner).await?, room_role: RoomRole::Owner };
        Ok(policy::can_change_owner(by, Some(owner)))
    }

    async fn member_suggestions(&self, room: &RoomId) -> Result<Vec<String>> {
        let (members, _) = self.store.members(room, None, limits::MAX_MEMBERS_LISTED).await?;
        let people = self.store.search_accounts("", None, limits::MAX_PAGE_SIZE).await?.people;
        let others = people.into_iter().filter(|person| !members.iter().any(|member| member.user.id == person.id));
        Ok(others.map(|person| person.name).collect())
    }
}
