//! All connections on one epoll: establishes them, reads and answers heartbeats.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, bail, ensure};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use super::{
    body::MessageRef,
    clock::{Alarm, Clock},
    connection::{Connection, Stage},
    dialect::{Dialect, Entry, Received, nats_item},
};
use crate::websocket::{CLOSE, PING, PONG, frame_in, put, upgraded};

/// Maximum size of a read.
const BUFFER: usize = 512 * 1024;

/// Events handled between two readings of the clock.
const EVENTS: usize = 512;

/// Told once of what has come, which is then read as a whole: told again and again, the system would look at each
/// connection twice.
const READABLE: EpollFlags = EpollFlags::EPOLLIN.union(EpollFlags::EPOLLET);

/// Event id of the alarm.
const ALARM: u64 = u64::MAX;

/// Payload of a close frame with code 1000.
const GOING: [u8; 2] = 1_000_u16.to_be_bytes();

/// Receives messages and acks.
pub(super) trait Listener {
    /// Called for each message; `body` begins with its marker.
    fn message(&mut self, link: usize, body: &[u8], now: u64);
    fn ack(&mut self, link: usize, message: MessageRef);
}

/// Ignores messages.
pub(super) struct Nobody;

impl Listener for Nobody {
    fn message(&mut self, _: usize, _: &[u8], _: u64) {}
    fn ack(&mut self, _: usize, _: MessageRef) {}
}

/// Counts of received frames.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    /// Frames with a message, and their payload bytes.
    pub(super) messages: u64,
    pub(super) bytes: u64,
    /// Heartbeats, each of them answered.
    pub(super) heartbeats: u64,
    /// Presence of users.
    pub(super) news: u64,
}

pub(super) struct Engine<'a> {
    pub(super) clock: Clock,
    pub(super) alarm: Alarm,
    pub(super) counts: Counts,
    /// Newly established connections, drained by the caller.
    pub(super) opened: Vec<usize>,
    /// Cleanly closed connections.
    pub(super) ended: Vec<usize>,
    /// Used in turn.
    addresses: &'a [SocketAddr],
    dialect: Dialect,
    entries: &'a [Entry],
    epoll: Epoll,
    links: Vec<Option<Connection>>,
    events: Vec<EpollEvent>,
    buffer: Vec<u8>,
    /// Buffer for the frame to write.
    out: Vec<u8>,
    /// Offset of the previous body in its frame.
    hint: usize,
}

impl<'a> Engine<'a> {
    pub(super) fn new(
        addresses: &'a [SocketAddr],
        dialect: Dialect,
        entries: &'a [Entry],
        connections: usize,
    ) -> anyhow::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let alarm = Alarm::new()?;
        epoll.add(&alarm, EpollEvent::new(EpollFlags::EPOLLIN, ALARM))?;
        Ok(Self {
            clock: Clock::start(),
            alarm,
            counts: Counts::default(),
            opened: Vec::new(),
            ended: Vec::new(),
            addresses,
            dialect,
            entries,
            epoll,
            links: (0..connections).map(|_| None).collect(),
            events: vec![EpollEvent::empty(); EVENTS],
            buffer: vec![0; BUFFER],
            out: Vec::new(),
            hint: 0,
        })
    }

    /// Opens the connection with this index and entry.
    pub(super) fn connect(&mut self, place: usize, entry: usize, source: Option<Ipv4Addr>) -> anyhow::Result<()> {
        let address = self.addresses[place % self.addresses.len()];
        let mut link = Connection::connect(address, source)?;
        link.entry = entry;
        link.write(self.dialect.upgrade(address, &self.entries[entry]).as_bytes())?;
        self.epoll.add(&link.stream, EpollEvent::new(READABLE, place as u64))?;
        self.links[place] = Some(link);
        Ok(())
    }

    /// Sends a close frame. The connection is added to `ended` once the server has answered it.
    pub(super) fn close(&mut self, place: usize) -> anyhow::Result<()> {
        self.out.clear();
        put(&mut self.out, CLOSE, &GOING);
        let link = self.links[place].as_mut().context("no connection to close")?;
        link.stage = Stage::Closing;
        Ok(link.write(&self.out)?)
    }

    pub(super) fn send(&mut self, place: usize, frame: &[u8]) -> anyhow::Result<()> {
        let link = self.links[place].as_mut().context("no connection to send on")?;
        let waited = link.has_unsent();
        link.write(frame)?;
        if link.has_unsent() && !waited {
            Self::watch(&self.epoll, place, link)?;
        }
        Ok(())
    }

    /// Waits for events, until the alarm at the latest. Returns how many there are for [`Engine::serve`].
    pub(super) fn wait(&mut self) -> anyhow::Result<usize> {
        match self.epoll.wait(&mut self.events, EpollTimeout::NONE) {
            Ok(count) => Ok(count),
            Err(nix::errno::Errno::EINTR) => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    /// Handles one of the events of [`Engine::wait`].
    pub(super) fn serve(&mut self, event: usize, listener: &mut impl Listener) -> anyhow::Result<()> {
        let token = self.events[event].data();
        if token == ALARM {
            self.alarm.received();
            return Ok(());
        }
        let place = usize::try_from(token)?;
        // It may have been closed by an earlier event.
        let Some(mut link) = self.links[place].take() else { return Ok(()) };
        let mut buffer = std::mem::take(&mut self.buffer);
        let goes_on = self.read(place, &mut link, &mut buffer, listener);
        self.buffer = buffer;
        if goes_on.with_context(|| format!("connection {place}"))? {
            self.links[place] = Some(link);
        } else {
            self.ended.push(place);
        }
        Ok(())
    }

    /// Reads all available bytes. False if the connection was closed cleanly.
    fn read(
        &mut self,
        place: usize,
        link: &mut Connection,
        buffer: &mut [u8],
        listener: &mut impl Listener,
    ) -> anyhow::Result<bool> {
        if link.has_unsent() {
            link.flush()?;
            Self::watch(&self.epoll, place, link)?;
        }
        loop {
            let length = match link.read(buffer) {
                Ok(Some(length)) => length,
                Ok(None) => return Ok(true),
                Err(_) if link.stage == Stage::Closing => return Ok(false),
                Err(error) => return Err(error).context("the connection broke"),
            };
            if !self.take(place, link, &buffer[..length], listener)? {
                return Ok(false);
            }
            if length < buffer.len() {
                return Ok(true);
            }
        }
    }

    /// Handles the bytes read. False if the connection was closed cleanly.
    fn take(
        &mut self,
        place: usize,
        link: &mut Connection,
        bytes: &[u8],
        listener: &mut impl Listener,
    ) -> anyhow::Result<bool> {
        let now = self.clock.now();
        let mut at = 0;
        if link.stage == Stage::Upgrading {
            let Some(end) = upgraded(bytes)? else {
                link.rest.extend(bytes);
                return Ok(true);
            };
            at = end;
            self.begin(place, link)?;
        }
        while let Some((kind, range)) = frame_in(&bytes[at..])? {
            let payload = &bytes[at + range.start..at + range.end];
            at += range.end;
            match kind {
                PING => {
                    self.counts.heartbeats += 1;
                    self.answer(link, PONG, payload)?;
                }
                CLOSE if link.stage == Stage::Closing => return Ok(false),
                CLOSE => {
                    let code = payload.first_chunk().map_or(0, |code| u16::from_be_bytes(*code));
                    bail!("closed by the server with {code}");
                }
                PONG => {}
                _ if self.dialect == Dialect::Nats => self.nats(place, link, payload, now, listener)?,
                _ => self.received(place, link, payload, now, listener)?,
            }
        }
        link.rest.extend(&bytes[at..]);
        ensure!(link.rest.len() < BUFFER, "a frame without end");
        if link.has_unsent() {
            Self::watch(&self.epoll, place, link)?;
        }
        Ok(true)
    }

    /// Watches for writability while bytes are buffered.
    fn watch(epoll: &Epoll, place: usize, link: &Connection) -> anyhow::Result<()> {
        let mut flags = READABLE;
        flags.set(EpollFlags::EPOLLOUT, link.has_unsent());
        Ok(epoll.modify(&link.stream, &mut EpollEvent::new(flags, place as u64))?)
    }

    /// Handles a frame of a nats-server, whose items may span frames.
    fn nats(
        &mut self,
        place: usize,
        link: &mut Connection,
        payload: &[u8],
        now: u64,
        listener: &mut impl Listener,
    ) -> anyhow::Result<()> {
        if link.part.is_empty() {
            let taken = self.items(place, link, payload, now, listener)?;
            link.part.extend(&payload[taken..]);
        } else {
            let mut part = std::mem::take(&mut link.part);
            part.extend(payload);
            let taken = self.items(place, link, &part, now, listener)?;
            part.drain(..taken);
            link.part = part;
        }
        Ok(())
    }

    /// Returns the number of bytes of complete items.
    fn items(
        &mut self,
        place: usize,
        link: &mut Connection,
        stream: &[u8],
        now: u64,
        listener: &mut impl Listener,
    ) -> anyhow::Result<usize> {
        let mut at = 0;
        while let Some(length) = nats_item(&stream[at..]) {
            self.received(place, link, &stream[at..at + length], now, listener)?;
            at += length;
        }
        Ok(at)
    }

    fn received(
        &mut self,
        place: usize,
        link: &mut Connection,
        payload: &[u8],
        now: u64,
        listener: &mut impl Listener,
    ) -> anyhow::Result<()> {
        if let Stage::Greeting(mut step) = link.stage {
            self.out.clear();
            let all = self.dialect.greeted(&self.entries[link.entry], &mut step, payload, &mut self.out)?;
            link.stage = Stage::Greeting(step);
            link.write(&self.out)?;
            if all {
                self.open(place, link);
            }
            return Ok(());
        }
        match self.dialect.decode(payload, &mut self.hint) {
            Received::Message(body) => {
                self.counts.messages += 1;
                self.counts.bytes += payload.len() as u64;
                listener.message(place, body, now);
            }
            Received::Ack(message) => listener.ack(place, message),
            Received::Heartbeat(answer) => {
                self.counts.heartbeats += 1;
                self.answer(link, self.dialect.answer_kind(), answer)?;
            }
            Received::Presence => self.counts.news += 1,
            Received::Other => {}
            Received::Error if link.stage == Stage::Closing => {}
            Received::Error => bail!("{}", String::from_utf8_lossy(&payload[..payload.len().min(200)])),
        }
        Ok(())
    }

    fn begin(&mut self, place: usize, link: &mut Connection) -> anyhow::Result<()> {
        self.out.clear();
        link.stage = Stage::Greeting(0);
        let all = self.dialect.begin(&self.entries[link.entry], &mut self.out);
        if !self.out.is_empty() {
            link.write(&self.out)?;
        }
        if all {
            self.open(place, link);
        }
        Ok(())
    }

    fn open(&mut self, place: usize, link: &mut Connection) {
        link.stage = Stage::Open;
        self.opened.push(place);
    }

    fn answer(&mut self, link: &mut Connection, kind: u8, payload: &[u8]) -> anyhow::Result<()> {
        self.out.clear();
        put(&mut self.out, kind, payload);
        Ok(link.write(&self.out)?)
    }
}
