//! Who may do what, over HTTP and the live protocol: every command x every kind of room x every role x every standing.
//! What each is allowed stands in the tables of `protocol/src/policy/tests.rs`; here it is seen that every command asks.

mod commands;
mod world;

use std::collections::BTreeSet;

use commands::{OverHttp, act_of, frames};
use futures::{StreamExt, stream};
use parlor_protocol::policy::RoomAction;
use parlor_protocol::{CommandId, RoomId, ServerRole};
use uuid::Uuid;
use world::{Stands, World};

/// Cells that are looked at side by side.
const AT_A_TIME: usize = 16;

const KINDS: [&str; 4] = ["lobby", "public", "private", "direct"];

fn cells() -> Vec<(&'static str, ServerRole, Stands)> {
    let mut cells = Vec::new();
    for kind in KINDS {
        for role in ServerRole::ALL {
            for stands in [Stands::Outside, Stands::Member, Stands::Moderator] {
                // Everyone is in the lobby.
                if kind != "lobby" || stands != Stands::Outside {
                    cells.push((kind, role, stands));
                }
            }
        }
    }
    cells
}

#[tokio::test]
async fn every_http_command_checks_permissions() {
    let world = World::begin().await;
    let cells = cells().into_iter().flat_map(|cell| OverHttp::ALL.map(|command| (cell, command)));
    stream::iter(cells)
        .for_each_concurrent(AT_A_TIME, async |((kind, role, stands), command)| {
            // A room and people of its own: one command's changes are not the next one's premises.
            let cell = world.cell(kind, role, stands).await;
            world.over_http(&cell, command).await;
        })
        .await;
    world.server.stop().await;
}

#[tokio::test]
async fn every_frame_checks_permissions() {
    let world = World::begin().await;
    // One after the other: what is typed in the lobby is heard by everyone there.
    for (kind, role, stands) in cells() {
        let cell = world.cell(kind, role, stands).await;
        world.live(&cell).await;
    }
    world.server.stop().await;
}

#[test]
fn every_action_and_route_is_covered() {
    let live: Vec<_> = frames(&RoomId::lobby(), CommandId(Uuid::nil())).iter().filter_map(act_of).collect();
    let asked: BTreeSet<_> =
        OverHttp::ALL.iter().map(|command| command.act()).chain(live).map(|act| format!("{act:?}")).collect();
    // Asked by the same frame as `DeleteOthers`.
    let later = ["DeleteOwn"].map(String::from);
    let all: BTreeSet<_> = RoomAction::ALL.iter().map(|act| format!("{act:?}")).collect();
    assert_eq!(asked.into_iter().chain(later).collect::<BTreeSet<_>>(), all);

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
    let rows: BTreeSet<_> = OverHttp::ALL.iter().filter_map(|command| command.route()).collect();
    assert_eq!(routes, rows, "a route of a room without a row in this table, or the other way round");
}
