//! Prepares the entries of connections. For Parlor, creates sessions and rooms over HTTP before the measurement.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::{
    RoomKind,
    http::{CreateRoomRequest, CreatedRoom},
};

use super::{Dialect, LoadArgs, Pace, Plan, dialect::Entry};
use crate::sessions;

const ROOMS_AT_ONCE: usize = 64;

const ROOMS_TIMEOUT: Duration = Duration::from_secs(20);

/// Entries: one per connection, or one per user in a run of short connections.
pub(super) fn entries(args: &LoadArgs, plan: &Plan) -> anyhow::Result<Vec<Entry>> {
    let count = if matches!(plan.pace, Pace::Connects { .. }) { plan.people } else { plan.connections };
    let (rooms, tokens) = if args.dialect == Dialect::Parlor {
        let address = *args.connect.first().context("no address")?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tokens = sessions::many(address, plan.people.min(count)).await?;
            let rooms = make_rooms(address, &tokens, plan.rooms).await?;
            wait_for_rooms(&args.connect, &rooms, &tokens[0]).await?;
            anyhow::Ok((rooms, tokens))
        })?
    } else {
        ((0..plan.rooms).map(|number| format!("r{number:04}")).collect(), vec![String::new()])
    };
    let entry = |number| Entry {
        rooms: (0..plan.joins).map(|join| rooms[plan.room_of(number, join)].clone()).collect(),
        token: tokens[number % tokens.len()].clone(),
    };
    Ok((0..count).map(entry).collect())
}

/// Waits until all nodes know the rooms. One that another node has created may be unknown for a moment.
async fn wait_for_rooms(nodes: &[SocketAddr], rooms: &[String], token: &str) -> anyhow::Result<()> {
    let http = reqwest::Client::new();
    let waiting = async {
        for (node, room) in nodes.iter().flat_map(|node| rooms.iter().map(move |room| (node, room))) {
            let url = format!("http://{node}/api/rooms/{room}/messages?limit=1");
            while http.get(&url).bearer_auth(token).send().await?.error_for_status().is_err() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(ROOMS_TIMEOUT, waiting).await.context("a node does not know the rooms")?
}

/// Creates the rooms, each by another user.
async fn make_rooms(address: SocketAddr, tokens: &[String], count: usize) -> anyhow::Result<Vec<String>> {
    let http = reqwest::Client::new();
    let making = futures::stream::iter(0..count).map(|number| {
        let new = CreateRoomRequest { name: format!("room {number:04}"), kind: RoomKind::Public };
        let request = http.post(format!("http://{address}/api/rooms")).bearer_auth(&tokens[number % tokens.len()]);
        async move {
            let made: CreatedRoom = request.json(&new).send().await?.error_for_status()?.json().await?;
            anyhow::Ok(made.room.id.as_str().to_owned())
        }
    });
    making.buffered(ROOMS_AT_ONCE).try_collect().await.context("making rooms")
}
