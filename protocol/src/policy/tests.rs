//! The permission tables, and the cases that they leave out.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// One line for each action: `+` allowed, `-` forbidden, `.` hidden; three signs for each role from guest to owner: not a
/// member, a member, a moderator of the room.
const ROOM_TABLE: &str = "
lobby
  See           +++ +++ +++ +++ +++
  Read          +++ +++ +++ +++ +++
  Join          +++ +++ +++ +++ +++
  Leave         --- --- --- --- ---
  Write         +++ +++ +++ +++ +++
  DeleteOwn     -++ -++ -++ -++ -++
  Type          -++ -++ -++ -++ -++
  Mark          -++ -++ -++ -++ -++
  Invite        --- --- --- --- ---
  Remove        --- --- --- --- ---
  Rename        --+ --+ +++ +++ +++
  Archive       --- --- --- --- ---
  DeleteOthers  --+ --+ +++ +++ +++
  Mute          --+ --+ +++ +++ +++
  Appoint       --- --- --- --- ---
public
  See           +++ +++ +++ +++ +++
  Read          +++ +++ +++ +++ +++
  Join          +++ +++ +++ +++ +++
  Leave         -++ -++ -++ -++ -++
  Write         +++ +++ +++ +++ +++
  DeleteOwn     -++ -++ -++ -++ -++
  Type          -++ -++ -++ -++ -++
  Mark          -++ -++ -++ -++ -++
  Invite        -++ -++ -++ -++ -++
  Remove        --+ --+ +++ +++ +++
  Rename        --+ --+ +++ +++ +++
  Archive       --+ --+ +++ +++ +++
  DeleteOthers  --+ --+ +++ +++ +++
  Mute          --+ --+ +++ +++ +++
  Appoint       --+ --+ +++ +++ +++
private
  See           .++ .++ .++ .++ .++
  Read          .++ .++ .++ .++ .++
  Join          .-- .-- .-- .-- .--
  Leave         .++ .++ .++ .++ .++
  Write         .++ .++ .++ .++ .++
  DeleteOwn     .++ .++ .++ .++ .++
  Type          .++ .++ .++ .++ .++
  Mark          .++ .++ .++ .++ .++
  Invite        .++ .++ .++ .++ .++
  Remove        .-+ .-+ .++ .++ .++
  Rename        .-+ .-+ .++ .++ .++
  Archive       .-+ .-+ .++ .++ .++
  DeleteOthers  .-+ .-+ .++ .++ .++
  Mute          .-+ .-+ .++ .++ .++
  Appoint       .-+ .-+ .++ .++ .++
direct
  See           .++ .++ .++ .++ .++
  Read          .++ .++ .++ .++ .++
  Join          .-- .-- .-- .-- .--
  Leave         .-- .-- .-- .-- .--
  Write         .++ .++ .++ .++ .++
  DeleteOwn     .++ .++ .++ .++ .++
  Type          .++ .++ .++ .++ .++
  Mark          .++ .++ .++ .++ .++
  Invite        .-- .-- .-- .-- .--
  Remove        .-- .-- .-- .-- .--
  Rename        .-- .-- .-- .-- .--
  Archive       .-- .-- .-- .-- .--
  DeleteOthers  .-- .-- .-- .-- .--
  Mute          .-- .-- .-- .-- .--
  Appoint       .-- .-- .-- .-- .--
";

/// One sign for each role: guest, member, moderator, admin, owner.
const SERVER_TABLE: &str = "
  CreatePublicRoom   +++++
  CreatePrivateRoom  +++++
  CreateDirect       +++++
  ListPeople         +++++
  Invite             ---++
  Moderate           --+++
  Audit              ---++
  Appoint            ---++
  ResetPassword      ----+
  ManageServer       ----+
";

const MEMBERSHIPS: [Option<MemberStatus>; 3] =
    [None, Some(MemberStatus { moderator: false, muted: false }), Some(MemberStatus { moderator: true, muted: false })];

fn actor(role: ServerRole) -> Actor {
    Actor::with_role(role)
}

fn room(kind: &str, membership: Option<MemberStatus>) -> RoomContext {
    let (kind, lobby) = match kind {
        "lobby" => (RoomKind::Public, true),
        "public" => (RoomKind::Public, false),
        "private" => (RoomKind::Private, false),
        "direct" => (RoomKind::Direct, false),
        other => panic!("{other}"),
    };
    RoomContext { kind, lobby, archived: false, membership }
}

fn sign(decision: Decision) -> char {
    match decision {
        Decision::Allowed => '+',
        Decision::Forbidden => '-',
        Decision::Hidden => '.',
    }
}

#[test]
fn room_permissions_match_the_table() {
    let mut written = String::from("\n");
    for kind in ["lobby", "public", "private", "direct"] {
        written += kind;
        written.push('\n');
        for action in RoomAction::ALL {
            written += &format!("  {:<13}", format!("{action:?}"));
            for role in ServerRole::ALL {
                written.push(' ');
                written.extend(MEMBERSHIPS.map(|membership| sign(actor(role).check(action, room(kind, membership)))));
            }
            written.push('\n');
        }
    }
    assert_eq!(written, ROOM_TABLE, "{written}");
}

#[test]
fn server_permissions_match_the_table() {
    let mut written = String::from("\n");
    for action in ServerAction::ALL {
        written += &format!("  {:<18} ", format!("{action:?}"));
        written.extend(ServerRole::ALL.map(|role| if actor(role).can(action) { '+' } else { '-' }));
        written.push('\n');
    }
    assert_eq!(written, SERVER_TABLE, "{written}");
}

#[test]
fn a_mute_forbids_writing_and_typing_only() {
    for membership in MEMBERSHIPS {
        let room = room("public", membership);
        let muted = Actor { muted: true, ..actor(ServerRole::Admin) };
        let muted_here = membership.map(|membership| MemberStatus { muted: true, ..membership });
        for action in RoomAction::ALL {
            let usual = actor(ServerRole::Admin).check(action, room);
            let writes = matches!(action, RoomAction::Write | RoomAction::Type);
            let expected = if writes { Decision::Forbidden } else { usual };
            assert_eq!(muted.check(action, room), expected, "{action:?}");
            if muted_here.is_some() {
                let room = RoomContext { membership: muted_here, ..room };
                assert_eq!(actor(ServerRole::Admin).check(action, room), expected, "{action:?} here");
            }
        }
    }
}

#[test]
fn an_archived_room_is_read_only() {
    for role in ServerRole::ALL {
        for membership in MEMBERSHIPS {
            let room = RoomContext { archived: true, ..room("public", membership) };
            for action in [RoomAction::Write, RoomAction::Type, RoomAction::Invite] {
                assert_eq!(actor(role).check(action, room), Decision::Forbidden, "{role:?} {action:?}");
            }
            assert!(actor(role).check(RoomAction::Read, room).is_allowed());
        }
    }
}

#[test]
fn lobby_only_guests_see_the_lobby_only() {
    let guest = Actor { lobby_only: true, ..actor(ServerRole::Guest) };
    for kind in ["public", "private", "direct"] {
        for membership in MEMBERSHIPS {
            for action in RoomAction::ALL {
                assert_eq!(guest.check(action, room(kind, membership)), Decision::Hidden);
            }
        }
    }
    assert!(guest.check(RoomAction::Write, room("lobby", MEMBERSHIPS[1])).is_allowed());
    assert!(ServerAction::ALL.into_iter().all(|action| !guest.can(action)));
    // The setting applies to guests only.
    let member = Actor { lobby_only: true, ..actor(ServerRole::Member) };
    assert!(member.check(RoomAction::Read, room("public", None)).is_allowed());
}

#[test]
fn nobody_outranks_an_equal_or_an_owner() {
    for one in ServerRole::ALL {
        for other in ServerRole::ALL {
            assert!(!(actor(one).outranks(other) && actor(other).outranks(one)));
        }
        assert!(!actor(one).outranks(ServerRole::Owner));
    }
}

#[test]
fn restrictions_apply_to_lower_roles_only() {
    use ServerRole::{Admin, Guest, Member, Moderator, Owner};
    let party = ModerationParty::with_role;
    let may = |by, on, by_another| can_moderate(ModerationCase { by: party(by), on: party(on), by_another });
    for by in ServerRole::ALL {
        for on in ServerRole::ALL {
            assert_eq!(may(by, on, false), by >= Moderator && by > on, "{by:?} {on:?}");
            assert_eq!(may(by, on, true), by >= Admin && by > on, "{by:?} {on:?}, by another");
        }
    }
    let here = |by, on| can_mute_in_room(ModerationCase { by, on, by_another: true });
    let room_moderator = |role| ModerationParty { moderator: true, ..party(role) };
    let maker = ModerationParty { maker: true, ..room_moderator(Member) };
    assert!(here(room_moderator(Guest), party(Member)));
    assert!(!here(room_moderator(Member), room_moderator(Guest)), "equals");
    assert!(here(maker, room_moderator(Member)) && !here(room_moderator(Member), maker));
    assert!(here(party(Moderator), maker), "a moderator of the server");
    for on in [Moderator, Admin, Owner] {
        assert!(!here(maker, party(on)), "{on:?} moderates every room");
        assert!(!here(party(Moderator), party(on)));
    }
    assert!(here(party(Owner), room_moderator(Admin)) && !here(party(Owner), party(Owner)));
}

#[test]
fn roles_are_assigned_below_ones_own() {
    use ServerRole::{Admin, Member, Moderator, Owner};
    for (mine, from, to) in [
        (Admin, Member, Moderator),
        (Admin, Moderator, Member),
        (Owner, Admin, Member),
        (Owner, Member, Admin),
        (Owner, Member, Owner),
    ] {
        assert!(can_assign_role(mine, from, to), "{mine:?} {from:?} {to:?}");
    }
    for (mine, from, to) in [
        (Admin, Member, Admin),
        (Admin, Admin, Member),
        (Admin, Owner, Member),
        (Admin, Member, Owner),
        (Moderator, Member, Member),
        (Owner, Owner, Member),
    ] {
        assert!(!can_assign_role(mine, from, to), "{mine:?} {from:?} {to:?}");
    }
}
