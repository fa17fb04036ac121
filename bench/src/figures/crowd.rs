//! What a server with very many guests and rooms costs those who come in: nothing may depend on how many there are.

use std::{
    net::SocketAddr,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{StreamExt, TryStreamExt};
use parlor_protocol::{
    ClientFrame, Cursor, PROTOCOL_VERSION, RoomId, RoomKind, ServerFrame,
    http::{CreateAccountRequest, CreateRoomRequest, CreatedSession, Secret},
};

use parlor_bench::sessions;

use crate::{
    Row,
    server_process::{ServerProcess, data_folder},
    stats::{Samples, ms, thousands},
    wire::Wire,
};

pub(crate) const GUESTS: usize = 100_000;
const ROOMS: usize = 10_000;

/// A person may create 2,000 rooms.
const ROOMS_OF_ONE: usize = 1_900;

/// People and rooms of the server that it is compared with: a page shows as many.
const FEW: usize = 60;

/// Requests at a time.
const AT_ONCE: usize = 64;

/// How often each is timed.
const TIMES: usize = 100;

/// Time for work that follows from what was created.
const SETTLE: Duration = Duration::from_secs(3);

const WHAT: [&str; 6] = ["page of a room", "join", "`/readyz`", "page of members", "50 members", "50 rooms"];

pub(crate) async fn with_a_crowd(binary: &Path) -> anyhow::Result<Vec<Row>> {
    let data = data_folder(binary)?;
    let server = ServerProcess::start(binary, data.path())?;
    let http = reqwest::Client::new();
    let mut crowd = Crowd { address: server.address(), http, guests: 0, rooms: 0 };
    crowd.grow(FEW, FEW).await?;
    let before = crowd.measure().await?;
    crowd.grow(GUESTS, ROOMS).await?;
    let after = crowd.measure().await?;
    let rows = WHAT.iter().zip(before.into_iter().zip(after)).map(|(what, (before, after))| Row {
        figure: format!("{} guests, {} rooms: {what}", thousands(GUESTS as u64), thousands(ROOMS as u64)),
        value: format!(
            "{} instead of {}: {:.1} times",
            ms(after),
            ms(before),
            after.as_secs_f64() / before.as_secs_f64()
        ),
        how: format!(
            "median of {TIMES}, on the same server with and without the others; at first it had {FEW} of each"
        ),
    });
    Ok(rows.collect())
}

struct Crowd {
    address: SocketAddr,
    http: reqwest::Client,
    guests: usize,
    rooms: usize,
}

impl Crowd {
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Creates guests and public rooms up to these numbers.
    async fn grow(&mut self, guests: usize, rooms: usize) -> anyhow::Result<()> {
        while self.guests < guests {
            let part = (guests - self.guests).min(10_000);
            sessions::many(self.address, part).await?;
            self.guests += part;
        }
        while self.rooms < rooms {
            let part = (rooms - self.rooms).min(ROOMS_OF_ONE);
            let creator = self.account(&format!("creator {}", self.rooms)).await?;
            let numbers = self.rooms..self.rooms + part;
            let creating = futures::stream::iter(numbers).map(|number| self.room(&creator, number));
            creating.buffer_unordered(AT_ONCE).try_for_each(|()| async { Ok(()) }).await?;
            self.rooms += part;
        }
        tokio::time::sleep(SETTLE).await;
        Ok(())
    }

    async fn account(&self, name: &str) -> anyhow::Result<String> {
        let new =
            CreateAccountRequest { name: name.into(), password: Secret("a long password of 9".into()), invite: None };
        let answer = self.http.post(self.url("/api/accounts")).json(&new).send().await?;
        let made: CreatedSession = answer.error_for_status().context("creating an account")?.json().await?;
        Ok(made.token)
    }

    async fn room(&self, creator: &str, number: usize) -> anyhow::Result<()> {
        let new = CreateRoomRequest { name: format!("Room {number:05}"), kind: RoomKind::Public };
        let answer = self.http.post(self.url("/api/rooms")).bearer_auth(creator).json(&new).send().await?;
        answer.error_for_status().context("creating a room")?;
        Ok(())
    }

    /// The medians of [`WHAT`].
    async fn measure(&self) -> anyhow::Result<Vec<Duration>> {
        let token = sessions::one(&self.http, self.address, 0).await?;
        let mut times = WHAT.map(|_| Vec::with_capacity(TIMES));
        for _ in 0..TIMES {
            times[0].push(self.get("/r/lobby", &token).await?);
            times[1].push(self.join(&token).await?);
            times[2].push(self.get("/readyz", &token).await?);
            times[3].push(self.get("/rooms/lobby/settings", &token).await?);
            times[4].push(self.get("/api/rooms/lobby/members?limit=50", &token).await?);
            times[5].push(self.get("/api/rooms?limit=50", &token).await?);
        }
        times.into_iter().map(|times| Ok(Samples::new(times)?.median())).collect()
    }

    /// The time of a request, until its whole answer is there.
    async fn get(&self, path: &str, token: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let answer = self.http.get(self.url(path)).bearer_auth(token).send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(status.is_success() && !body.is_empty(), "{path} was answered with {status}");
        Ok(begun.elapsed())
    }

    /// The time from a new connection to `joined`.
    async fn join(&self, token: &str) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let mut wire = Wire::connect(self.address, token, None).await?;
        let resume = vec![Cursor { room: RoomId::lobby(), after: None, tail: None }];
        wire.up.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await?;
        wire.wait_for(|frame| matches!(frame, ServerFrame::Joined { .. }).then_some(())).await?;
        Ok(begun.elapsed())
    }
}
