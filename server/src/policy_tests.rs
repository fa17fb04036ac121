#![allow(clippy::unwrap_used, clippy::panic)]
use super::*;

/// For each kind of room, a line for each act: `+` allowed, `-` forbidden, `.` unseen; three signs for each role from guest
/// to owner: not a member, a member, a moderator of the room.
const MATRIX: &str = "
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

/// Guest, member, moderator, admin, owner.
const ON_SERVER: &str = "
  CreatePublicRoom   +++++
  CreatePrivateRoom  +++++
  CreateDirect       +++++
  ListPeople         +++++
  Invite             ---++
  Moderate           --+++
  Audit              ---++
  Appoint            ---++
  ResetPassword      ----+
";

const STANDINGS: [Option<Standing>; 3] =
    [None, Some(Standing { moderator: false, muted: false }), Some(Standing { moderator: true, muted: false })];

fn actor(role: ServerRole) -> Actor {
    Actor { role, lobby_only: false, muted: false }
}

fn place(kind: &str, membership: Option<Standing>) -> Place {
    let (kind, lobby) = match kind {
        "lobby" => (RoomKind::Public, true),
        "public" => (RoomKind::Public, false),
        "private" => (RoomKind::Private, false),
        "direct" => (RoomKind::Direct, false),
        other => panic!("{other}"),
    };
    Place { kind, lobby, archived: false, membership }
}

fn sign(verdict: Verdict) -> char {
    match verdict {
        Verdict::Allowed => '+',
        Verdict::Forbidden => '-',
        Verdict::Unseen => '.',
    }
}

#[test]
fn rooms_are_as_the_table_says() {
    let mut written = String::from("\n");
    for kind in ["lobby", "public", "private", "direct"] {
        written += kind;
        written.push('\n');
        for act in RoomAct::ALL {
            written += &format!("  {:<13}", format!("{act:?}"));
            for role in ServerRole::ALL {
                written.push(' ');
                written.extend(STANDINGS.map(|standing| sign(actor(role).may(act, place(kind, standing)))));
            }
            written.push('\n');
        }
    }
    assert_eq!(written, MATRIX, "{written}");
}

#[test]
fn the_server_is_as_the_table_says() {
    let mut written = String::from("\n");
    for act in ServerAct::ALL {
        written += &format!("  {:<18} ", format!("{act:?}"));
        written.extend(ServerRole::ALL.map(|role| if actor(role).may_on_server(act) { '+' } else { '-' }));
        written.push('\n');
    }
    assert_eq!(written, ON_SERVER, "{written}");
}

#[test]
fn who_is_muted_says_nothing_and_does_the_rest() {
    for standing in STANDINGS {
        let place = place("public", standing);
        let muted = Actor { muted: true, ..actor(ServerRole::Admin) };
        let muted_here = standing.map(|standing| Standing { muted: true, ..standing });
        for act in RoomAct::ALL {
            let usual = actor(ServerRole::Admin).may(act, place);
            let speaks = matches!(act, RoomAct::Write | RoomAct::Type);
            let expected = if speaks { Verdict::Forbidden } else { usual };
            assert_eq!(muted.may(act, place), expected, "{act:?}");
            if muted_here.is_some() {
                let place = Place { membership: muted_here, ..place };
                assert_eq!(actor(ServerRole::Admin).may(act, place), expected, "{act:?} here");
            }
        }
    }
}

#[test]
fn an_archived_room_is_read_only() {
    for role in ServerRole::ALL {
        for standing in STANDINGS {
            let place = Place { archived: true, ..place("public", standing) };
            for act in [RoomAct::Write, RoomAct::Type, RoomAct::Invite] {
                assert_eq!(actor(role).may(act, place), Verdict::Forbidden, "{role:?} {act:?}");
            }
            assert!(actor(role).may(RoomAct::Read, place).is_allowed());
        }
    }
}

#[test]
fn guests_kept_in_the_lobby_see_nothing_else() {
    let guest = Actor { lobby_only: true, ..actor(ServerRole::Guest) };
    for kind in ["public", "private", "direct"] {
        for standing in STANDINGS {
            for act in RoomAct::ALL {
                assert_eq!(guest.may(act, place(kind, standing)), Verdict::Unseen);
            }
        }
    }
    assert!(guest.may(RoomAct::Write, place("lobby", STANDINGS[1])).is_allowed());
    assert!(ServerAct::ALL.into_iter().all(|act| !guest.may_on_server(act)));
    // The setting is about guests alone.
    let member = Actor { lobby_only: true, ..actor(ServerRole::Member) };
    assert!(member.may(RoomAct::Read, place("public", None)).is_allowed());
}

#[test]
fn nobody_is_above_an_equal() {
    for one in ServerRole::ALL {
        for other in ServerRole::ALL {
            assert!(!(actor(one).is_above(other) && actor(other).is_above(one)));
        }
        assert!(!actor(one).is_above(ServerRole::Owner));
    }
}

#[test]
fn bans_and_mutes_fall_downwards() {
    use ServerRole::{Admin, Guest, Member, Moderator, Owner};
    let party = |role| Party { role, moderator: false, maker: false };
    let may = |by, on, by_another| may_moderate(Case { by: party(by), on: party(on), by_another });
    for by in ServerRole::ALL {
        for on in ServerRole::ALL {
            assert_eq!(may(by, on, false), by >= Moderator && by > on, "{by:?} {on:?}");
            assert_eq!(may(by, on, true), by >= Admin && by > on, "{by:?} {on:?}, by another");
        }
    }
    let here = |by, on| may_mute_in_room(Case { by, on, by_another: true });
    let looks_after = |role| Party { moderator: true, ..party(role) };
    let maker = Party { maker: true, ..looks_after(Member) };
    assert!(here(looks_after(Guest), party(Member)));
    assert!(!here(looks_after(Member), looks_after(Guest)), "equals");
    assert!(here(maker, looks_after(Member)) && !here(looks_after(Member), maker));
    assert!(here(party(Moderator), maker), "who looks after the server");
    for on in [Moderator, Admin, Owner] {
        assert!(!here(maker, party(on)), "{on:?} looks after this room too");
        assert!(!here(party(Moderator), party(on)));
    }
    assert!(here(party(Owner), looks_after(Admin)) && !here(party(Owner), party(Owner)));
}
