//! A client of the recovery figure: resumes its rooms, logs events and acks, and resends messages until they are acked.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use parlor_faults::checker::ClientLog;
use parlor_protocol::{ClientFrame, CommandId, Cursor, PROTOCOL_VERSION, RoomId, Seq};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::Lead;
use crate::wire::{FrameWriter, Received, Wire, number_in, text_in};

/// Pause after a failed connection while the server is up.
const RETRY: Duration = Duration::from_millis(3);

/// Time for the last deliveries. The checker reports clients that have not seen them.
const LAST: Duration = Duration::from_secs(10);

pub(super) type Seen = anyhow::Result<ClientLog>;

pub(super) struct Member {
    address: SocketAddr,
    token: String,
    places: Vec<Place>,
    log: ClientLog,
    /// Messages without an ack, in order.
    outbox: VecDeque<(CommandId, String)>,
    written: usize,
    /// Last server process from which it was up to date.
    caught_up: usize,
}

/// Position in a room.
struct Place {
    room: RoomId,
    seq: Seq,
    id: Option<CommandId>,
    /// Head of the room when it joined on this connection.
    head: Option<Seq>,
}

/// Why a connection ended.
enum Ended {
    Broken,
    Finished,
}

impl Member {
    pub(super) fn new(number: usize, address: SocketAddr, token: String, rooms: impl Iterator<Item = RoomId>) -> Self {
        let mut log = ClientLog::new(format!("member {number}"));
        let places: Vec<Place> = rooms.map(|room| Place { room, seq: 0, id: None, head: None }).collect();
        for place in &places {
            log.began(&place.room, 0);
        }
        Self { address, token, places, log, outbox: VecDeque::new(), written: 0, caught_up: 0 }
    }

    /// Runs until everything is sent and seen. Each of the `orders` is a message for the first of its rooms.
    pub(super) async fn live(mut self, mut orders: mpsc::UnboundedReceiver<()>, mut lead: Lead) -> Seen {
        loop {
            let server = *lead.server.wait_for(|server| server.up).await?;
            if let Ok(wire) = Wire::connect(self.address, &self.token, None).await
                && let Ended::Finished = self.visit(wire, server.number, &mut orders, &mut lead).await?
            {
                return Ok(self.log);
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    /// Runs one connection.
    ///
    /// # Errors
    /// The server violates the protocol. A lost connection is not an error.
    async fn visit(
        &mut self,
        mut wire: Wire,
        server: usize,
        orders: &mut mpsc::UnboundedReceiver<()>,
        lead: &mut Lead,
    ) -> anyhow::Result<Ended> {
        if self.greet(&mut wire.up).await.is_err() {
            return Ok(Ended::Broken);
        }
        let (mut ordered, mut deadline) = (true, None);
        loop {
            if deadline.is_some() && (self.has_all(lead) || deadline <= Some(tokio::time::Instant::now())) {
                return Ok(Ended::Finished);
            }
            let received = tokio::select! {
                order = orders.recv(), if ordered => {
                    ordered = order.is_some();
                    if ordered && self.write(&mut wire.up).await.is_err() {
                        return Ok(Ended::Broken);
                    }
                    continue;
                }
                told = async { lead.heads.wait_for(Option::is_some).await.map(drop) }, if deadline.is_none() => {
                    told?;
                    deadline = Some(tokio::time::Instant::now() + LAST);
                    continue;
                }
                () = until(deadline) => continue,
                received = wire.down.next() => received,
            };
            match received {
                Ok(Received::Text(text)) => self.take(text, server, lead)?,
                Ok(Received::Ping) if wire.up.pong().await.is_err() => return Ok(Ended::Broken),
                Ok(Received::Ping | Received::Other) => {}
                Ok(Received::Closed(code)) => bail!("closed with {code}"),
                Err(_) => return Ok(Ended::Broken),
            }
        }
    }

    /// Sends `hello` with all cursors, and resends unacked messages with the same ids.
    async fn greet(&mut self, up: &mut FrameWriter) -> anyhow::Result<()> {
        let mut resume = Vec::new();
        for place in &mut self.places {
            place.head = None;
            let tail = place.id.map(CommandId::tail);
            resume.push(Cursor { room: place.room.clone(), after: Some(place.seq), tail });
        }
        up.say(&ClientFrame::Hello { protocol: PROTOCOL_VERSION, resume }).await?;
        for at in 0..self.outbox.len() {
            self.send(at, up).await?;
        }
        Ok(())
    }

    async fn write(&mut self, up: &mut FrameWriter) -> anyhow::Result<()> {
        self.written += 1;
        let body = format!("message {} of **{}**, which is as long as most are", self.written, self.log.name());
        self.outbox.push_back((CommandId(Uuid::now_v7()), body));
        self.send(self.outbox.len() - 1, up).await
    }

    async fn send(&mut self, at: usize, up: &mut FrameWriter) -> anyhow::Result<()> {
        let (id, body) = self.outbox[at].clone();
        let room = self.places[0].room.clone();
        self.log.sent(&room, id);
        up.say(&ClientFrame::Send { id, room, body, reply_to: None }).await
    }

    fn take(&mut self, text: &str, server: usize, lead: &Lead) -> anyhow::Result<()> {
        match text_in(text, "type").context("a frame without a type")? {
            "event" => {
                let (id, seq) = (id_in(text)?, number_in(text, "seq").context("an event without a seq")?);
                let place = self.place(text)?;
                (place.seq, place.id) = (seq, Some(id));
                let room = place.room.clone();
                self.log.event(&room, seq, id);
            }
            "joined" => self.place(text)?.head = Some(number_in(text, "head").context("joined without a head")?),
            "ack" => {
                let (id, seq) = (id_in(text)?, number_in(text, "seq").context("an ack without a seq")?);
                let room = self.place(text)?.room.clone();
                self.log.acked(&room, id, seq);
                let before = self.outbox.len();
                self.outbox.retain(|(waiting, _)| *waiting != id);
                lead.unacked.fetch_sub(before - self.outbox.len(), Ordering::Relaxed);
                return Ok(());
            }
            "refused" | "gap" | "bye" => bail!("the server said {text}"),
            _ => return Ok(()),
        }
        if self.caught_up < server && self.places.iter().all(|place| place.head.is_some_and(|head| place.seq >= head)) {
            self.caught_up = server;
            lead.caught_up.send((server, Instant::now()))?;
        }
        Ok(())
    }

    fn place(&mut self, text: &str) -> anyhow::Result<&mut Place> {
        let room = text_in(text, "room").context("a frame without a room")?;
        self.places.iter_mut().find(|place| place.room.as_str() == room).with_context(|| format!("not joined: {room}"))
    }

    fn has_all(&self, lead: &Lead) -> bool {
        let heads = lead.heads.borrow();
        heads.as_ref().is_some_and(|heads| self.places.iter().all(|place| heads.get(&place.room) == Some(&place.seq)))
    }
}

async fn until(deadline: Option<tokio::time::Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn id_in(text: &str) -> anyhow::Result<CommandId> {
    Ok(CommandId(text_in(text, "id").and_then(|id| id.parse::<Uuid>().ok()).context("a frame without an id")?))
}
