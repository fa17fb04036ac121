//! The members of a room, with what the caller may do about each.

use std::sync::Arc;

use parlor_protocol::{
    Millis, RoomId, RoomKind, ServerRole, User, UserId, UserKind,
    http::{Member, MemberList},
    limits,
    policy::{self, ModerationCase, ModerationParty, RoomAction, ServerAction},
};

use super::{Caller, Result, Services};
use crate::room::Room;

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

/// What the caller may do in a room, regardless of the member.
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
        let people = self.store.search_accounts("", None, limits::MAX_PAGE_SIZE).await?.people;
        let others = people.into_iter().filter(|person| !members.iter().any(|member| member.user.id == person.id));
        Ok(others.map(|person| person.name).collect())
    }
}

pub(super) fn party_in(room: &Room, user: UserId, role: ServerRole, moderator: bool) -> ModerationParty {
    ModerationParty { role, moderator, maker: room.is_made_by(user) }
}
