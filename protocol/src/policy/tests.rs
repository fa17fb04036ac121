//! The permission tables, and the cases that they leave out.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;

/// One line for each action: `+` allowed, `-` forbidden, `.` hidden; four signs for each role from guest to owner: not a
/// member, a member, a moderator of the room, its owner.
const ROOM_TABLE: &str = "
lobby
  See           ++++ ++++ ++++ ++++ ++++
  Read          ++++ ++++ ++++ ++++ ++++
  Join          ++++ ++++ ++++ ++++ ++++
  Leave         ---- ---- ---- ---- ----
  Write         ++++ ++++ ++++ ++++ ++++
  DeleteOwn     -+++ -+++ -+++ -+++ -+++
  Type          -+++ -+++ -+++ -+++ -+++
  Mark          -+++ -+++ -+++ -+++ -+++
  Invite        ---- ---- ---- ---- ----
  Remove        ---- ---- ---- ---- ----
  Rename        --++ --++ ++++ ++++ ++++
  Archive       ---- ---- ---- ---- ----
  DeleteOthers  --++ --++ ++++ ++++ ++++
  Mute          --++ --++ ++++ ++++ ++++
  Appoint       ---- ---- ---- ---- ----
  ChangeOwner   ---- ---- ---- ---- ----
public
  See           ++++ ++++ ++++ ++++ ++++
  Read          ++++ ++++ ++++ ++++ ++++
  Join          ++++ ++++ ++++ ++++ ++++
  Leave         -+++ -+++ -+++ -+++ -+++
  Write         ++++ ++++ ++++ ++++ ++++
  DeleteOwn     -+++ -+++ -+++ -+++ -+++
  Type          -+++ -+++ -+++ -+++ -+++
  Mark          -+++ -+++ -+++ -+++ -+++
  Invite        -+++ -+++ -+++ -+++ -+++
  Remove        --++ --++ ++++ ++++ ++++
  Rename        --++ --++ ++++ ++++ ++++
  Archive       --++ --++ ++++ ++++ ++++
  DeleteOthers  --++ --++ ++++ ++++ ++++
  Mute          --++ --++ ++++ ++++ ++++
  Appoint       --++ --++ ++++ ++++ ++++
  ChangeOwner   ---+ ---+ ---+ ++++ ++++
private
  See           .+++ .+++ .+++ .+++ .+++
  Read          .+++ .+++ .+++ .+++ .+++
  Join          .--- .--- .--- .--- .---
  Leave         .+++ .+++ .+++ .+++ .+++
  Write         .+++ .+++ .+++ .+++ .+++
  DeleteOwn     .+++ .+++ .+++ .+++ .+++
  Type          .+++ .+++ .+++ .+++ .+++
  Mark          .+++ .+++ .+++ .+++ .+++
  Invite        .+++ .+++ .+++ .+++ .+++
  Remove        .-++ .-++ .+++ .+++ .+++
  Rename        .-++ .-++ .+++ .+++ .+++
  Archive       .-++ .-++ .+++ .+++ .+++
  DeleteOthers  .-++ .-++ .+++ .+++ .+++
  Mute          .-++ .-++ .+++ .+++ .+++
  Appoint       .-++ .-++ .+++ .+++ .+++
  ChangeOwner   .--+ .--+ .--+ .+++ .+++
direct
  See           .+++ .+++ .+++ .+++ .+++
  Read          .+++ .+++ .+++ .+++ .+++
  Join          .--- .--- .--- .--- .---
  Leave         .--- .--- .--- .--- .---
  Write         .+++ .+++ .+++ .+++ .+++
  DeleteOwn     .+++ .+++ .+++ .+++ .+++
  Type          .+++ .+++ .+++ .+++ .+++
  Mark          .+++ .+++ .+++ .+++ .+++
  Invite        .--- .--- .--- .--- .---
  Remove        .--- .--- .--- .--- .---
  Rename        .--- .--- .--- .--- .---
  Archive       .--- .--- .--- .--- .---
  DeleteOthers  .--- .--- .--- .--- .---
  Mute          .--- .--- .--- .--- .---
  Appoint       .--- .--- .--- .--- .---
  ChangeOwner   .--- .--- .--- .--- .---
";

/// One sign for each role: guest, member, moderator, admin, owner.
const SERVER_TABLE: &str = "
  CreatePublicRoom   +++++
  CreatePrivateRoom  +++++
  CreateDirect       +++++
  ChangeProfile      -++++
  ListPeople         +++++
  Invite             ---++
  Moderate           --+++
  Audit              ---++
  Appoint            ---++
  EndSessions        ---++
  ResetPassword      ----+
  ManageServer       ----+
";

const MEMBERSHIPS: [Option<RoomRole>; 4] =
    [None, Some(RoomRole::Member), Some(RoomRole::Moderator), Some(RoomRole::Owner)];

fn actor(role: ServerRole) -> Actor {
    Actor::with_role(role)
}

fn room(kind: &str, membership: Option<RoomRole>) -> RoomContext {
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
        Decision::Muted => 'm',
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
fn muted_people_do_nothing_that_reaches_others() {
    use RoomAction::{DeleteOwn, Join, Leave, Mark, Read, See};
    for role in ServerRole::ALL {
        let muted = Actor { muted: true, ..actor(role) };
        for (kind, membership) in
            ["lobby", "public", "private", "direct"].into_iter().flat_map(|kind| MEMBERSHIPS.map(|m| (kind, m)))
        {
            for action in RoomAction::ALL {
                let room = room(kind, membership);
                let alone = matches!(action, See | Read | Join | Leave | DeleteOwn | Mark);
                let expected = match actor(role).check(action, room) {
                    Decision::Allowed if !alone => Decision::Muted,
                    usual => usual,
                };
                assert_eq!(muted.check(action, room), expected, "{role:?} {action:?} {kind} {membership:?}");
            }
        }
        for action in ServerAction::ALL {
            let alone = matches!(action, ServerAction::ListPeople | ServerAction::Audit);
            assert_eq!(muted.can(action), actor(role).can(action) && alone, "{role:?} {action:?}");
            assert_eq!(muted.check_server(action) == Decision::Muted, actor(role).can(action) && !alone);
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
    use ServerRole::{Admin, Moderator};
    for by in ServerRole::ALL {
        for on in ServerRole::ALL {
            let may = |by_another| can_moderate(ModerationCase { by, on, by_another });
            assert_eq!(may(false), by >= Moderator && by > on, "{by:?} {on:?}");
            assert_eq!(may(true), by >= Admin && by > on, "{by:?} {on:?}, by another");
        }
    }
}

/// All combinations of roles on the server and in a room.
fn parties() -> impl Iterator<Item = Party> {
    ServerRole::ALL.into_iter().flat_map(|role| RoomRole::ALL.map(|room_role| Party { role, room_role }))
}

#[test]
fn nobody_acts_on_an_equal_or_higher_role_in_a_room() {
    let moderates_server = |party: Party| party.role >= ServerRole::Moderator;
    for by in parties() {
        for on in parties() {
            let expected = match (moderates_server(by), moderates_server(on)) {
                (false, false) => by.room_role > on.room_role,
                (true, true) => (by.role, by.room_role) > (on.role, on.room_role),
                (above, _) => above,
            };
            assert_eq!(by.outranks(on), expected, "{by:?} {on:?}");
            assert!(!(by.outranks(on) && on.outranks(by)), "{by:?} {on:?}");
            let is_owner = on.room_role == RoomRole::Owner;
            assert_eq!(can_dismiss(by, on, false), expected && !is_owner, "{by:?} {on:?}");
            assert_eq!(can_dismiss(on, on, true), !is_owner, "everyone may step down but the owner");
            let owns = by.room_role == RoomRole::Owner;
            assert_eq!(can_change_owner(by, Some(on)), owns || expected, "{by:?} {on:?}");
        }
        assert!(can_change_owner(by, None));
    }
}

#[test]
fn invitations_are_for_lower_roles() {
    use ServerRole::{Admin, Member, Moderator, Owner};
    for mine in ServerRole::ALL {
        let to: Vec<_> = ServerRole::ALL.into_iter().filter(|to| can_invite_as(mine, *to)).collect();
        let expected: &[_] = match mine {
            Owner => &[Member, Moderator, Admin],
            Admin => &[Member, Moderator],
            ServerRole::Guest | Member | Moderator => &[],
        };
        assert_eq!(to, expected, "{mine:?}");
        assert!(to.iter().all(|to| can_assign_role(mine, Member, *to)), "who invites to a role also assigns it");
    }
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
