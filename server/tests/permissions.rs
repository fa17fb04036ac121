//! Permissions over HTTP and the live protocol: every command × kind of room × role × membership. The expected decisions
//! come from `protocol/src/policy/`, whose own tests check them; these tests check that every command asks for one.

mod commands;
mod fixture;

use std::collections::BTreeSet;

use commands::{HttpCommand, action_of, frames};
use fixture::{Fixture, Membership};
use futures::{StreamExt, stream};
use parlor_protocol::policy::RoomAction;
use parlor_protocol::{CommandId, RoomId, ServerRole};
use uuid::Uuid;

/// Cells that are tested concurrently.
const AT_A_TIME: usize = 16;

const KINDS: [&str; 4] = ["lobby", "public", "private", "direct"];

fn cells() -> Vec<(&'static str, ServerRole, Membership)> {
    let mut cells = Vec::new();
    for kind in KINDS {
        for role in ServerRole::ALL {
            for membership in [Membership::Outside, Membership::Member, Membership::Moderator] {
                // Everyone is in the lobby.
                if kind != "lobby" || membership != Membership::Outside {
                    cells.push((kind, role, membership));
                }
            }
        }
    }
    cells
}

#[tokio::test]
async fn every_http_command_checks_permissions() {
    let fixture = Fixture::start().await;
    let cells = cells().into_iter().flat_map(|cell| HttpCommand::ALL.map(|command| (cell, command)));
    stream::iter(cells)
        .for_each_concurrent(AT_A_TIME, async |((kind, role, membership), command)| {
            // A separate room and separate people, because commands change both.
            let cell = fixture.cell(kind, role, membership).await;
            fixture.run_http(&cell, command).await;
        })
        .await;
    fixture.server.stop().await;
}

#[tokio::test]
async fn every_frame_checks_permissions() {
    let fixture = Fixture::start().await;
    // One after another, because everyone in the lobby receives its typing notices.
    for (kind, role, membership) in cells() {
        let cell = fixture.cell(kind, role, membership).await;
        fixture.live(&cell).await;
    }
    fixture.server.stop().await;
}

#[test]
fn every_action_and_route_is_covered() {
    let live: Vec<_> =
        frames(&RoomId::lobby(), CommandId(Uuid::nil()), CommandId(Uuid::nil())).iter().filter_map(action_of).collect();
    let asked: BTreeSet<_> =
        HttpCommand::ALL.iter().map(|command| command.action()).chain(live).map(|act| format!("{act:?}")).collect();
    // Sent by the same frame as `DeleteOthers`.
    let same_frame = ["DeleteOwn"].map(String::from);
    let all: BTreeSet<_> = RoomAction::ALL.iter().map(|act| format!("{act:?}")).collect();
    assert_eq!(asked.into_iter().chain(same_frame).collect::<BTreeSet<_>>(), all);

    let router = include_str!("../src/http/mod.rs");
    let mut routes = BTreeSet::new();
    for (_, rest) in
        router.match_indices(".route(\"/api/rooms/{room}").map(|(at, found)| (at, &router[at + found.len()..]))
    {
        let (path, handlers) = rest.split_once("\", ").unwrap();
        let handlers = handlers.lines().next().unwrap();
        for method in ["get", "post", "put", "patch", "delete", "any"] {
            if handlers.starts_with(&format!("{method}(")) || handlers.contains(&format!(".{method}(")) {
                routes.insert((method, path));
            }
        }
    }
    let rows: BTreeSet<_> = HttpCommand::ALL.iter().filter_map(|command| command.route()).collect();
    assert_eq!(routes, rows, "routes of rooms and commands of this test differ");
}
