//! What connections need to come in. A Parlor wants sessions and rooms first, which are made over HTTP before any clock
//! starts.

use std::net::SocketAddr;

use anyhow::Context;
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::{
    RoomKind,
    http::{CreateRoomRequest, CreatedRoom},
};

use super::{Ask, Dialect, Pace, Plan, dialect::Entry};
use crate::sessions;

const ROOMS_AT_ONCE: usize = 64;

/// One for each connection; where connections come and go, one for each of the people.
pub(super) fn entries(ask: &Ask, plan: &Plan) -> anyhow::Result<Vec<Entry>> {
    let count = if matches!(plan.pace, Pace::Connects { .. }) { plan.people } else { plan.connections };
    let (rooms, tokens) = if ask.dialect == Dialect::Parlor {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let tokens = sessions::many(ask.connect, plan.people.min(count)).await?;
            anyhow::Ok((make_rooms(ask.connect, &tokens, plan.rooms).await?, tokens))
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

/// Each by another of the people.
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
