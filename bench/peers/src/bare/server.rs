//! The event loop: waits, reads everything readable, writes everything waiting.

use std::collections::HashMap;
use std::mem;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use anyhow::Context;
use parlor_peers::Settings;
use rustix::event::Timespec;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{self, AddressFamily, SocketFlags, SocketType, sockopt};
use slab::Slab;

use super::connection::{Connection, Mode, State};
use super::frame::{self, Kind};
use super::handshake::{self, Request};
use super::room::Room;

/// Maximum number of events in one iteration.
const EVENTS: usize = 4096;
/// Maximum size of a read.
const READ: usize = 64 * 1024;
/// Maximum number of connections waiting for `accept`.
const BACKLOG: i32 = 4096;
/// Event id of the listener; that of a connection is its key in the slab.
const LISTENER: u64 = u64::MAX;

pub(crate) struct Server {
    epoll: OwnedFd,
    listener: TcpListener,
    mode: Mode,
    heartbeat: Option<Duration>,
    connections: Slab<Connection>,
    /// Never dropped: a measurement uses a fixed set of rooms.
    rooms: Vec<Room>,
    names: HashMap<String, usize>,
    /// Read buffer: an incomplete frame, followed by new data.
    buffer: Vec<u8>,
    /// Rooms with new frames in this iteration.
    waiting: Vec<usize>,
    /// Other connections to write to: those that became writable, and those with data of their own.
    writable: Vec<usize>,
    gone: Vec<usize>,
}

impl Server {
    pub(crate) fn bind(settings: Settings, mode: Mode) -> anyhow::Result<Self> {
        let socket = net::socket_with(
            AddressFamily::INET,
            SocketType::STREAM,
            SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
            None,
        )?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        // Inherited by accepted sockets, which saves a call for each.
        sockopt::set_tcp_nodelay(&socket, true)?;
        net::bind(&socket, &settings.address).with_context(|| format!("binding {}", settings.address))?;
        net::listen(&socket, BACKLOG)?;
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &socket, EventData::new_u64(LISTENER), EventFlags::IN)?;
        Ok(Self {
            epoll,
            listener: socket.into(),
            mode,
            heartbeat: settings.heartbeat,
            connections: Slab::new(),
            rooms: Vec::new(),
            names: HashMap::new(),
            buffer: vec![0; frame::MAX_FRAME + READ],
            waiting: Vec::new(),
            writable: Vec::new(),
            gone: Vec::new(),
        })
    }

    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Serves until the process ends.
    pub(crate) fn run(&mut self) -> anyhow::Result<()> {
        let mut events = Vec::with_capacity(EVENTS);
        let mut beat = self.heartbeat.map(|interval| Instant::now() + interval);
        loop {
            let wait = beat.map(|beat| timespec(beat.saturating_duration_since(Instant::now())));
            events.clear();
            match epoll::wait(&self.epoll, rustix::buffer::spare_capacity(&mut events), wait.as_ref()) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => return Err(error).context("epoll_wait"),
            }
            for event in &events {
                self.take(event)?;
            }
            self.write_all();
            if let (Some(at), Some(interval)) = (beat, self.heartbeat)
                && Instant::now() >= at
            {
                self.ping_all();
                beat = Some(Instant::now() + interval);
            }
            self.drop_gone();
        }
    }

    fn take(&mut self, event: &Event) -> anyhow::Result<()> {
        let (key, flags) = (event.data.u64(), event.flags);
        if key == LISTENER {
            return self.accept_all();
        }
        let key = key as usize;
        if flags.contains(EventFlags::OUT) && self.connections[key].state == State::Full {
            self.writable.push(key);
        }
        let ended = flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR);
        if ended || flags.contains(EventFlags::IN) {
            self.read(key, ended);
        }
        Ok(())
    }

    fn accept_all(&mut self) -> anyhow::Result<()> {
        loop {
            match net::accept_with(&self.listener, SocketFlags::NONBLOCK | SocketFlags::CLOEXEC) {
                Ok(socket) => {
                    let entry = self.connections.vacant_entry();
                    // Edge-triggered for both directions, so that interest never has to be changed.
                    let flags = EventFlags::IN | EventFlags::OUT | EventFlags::RDHUP | EventFlags::ET;
                    epoll::add(&self.epoll, &socket, EventData::new_u64(entry.key() as u64), flags)?;
                    entry.insert(Connection::new(socket));
                }
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => return Err(error).context("accept"),
            }
        }
    }

    /// Reads everything available. A short read has emptied the socket, unless the stream has `ended`: then it is read to
    /// the end.
    fn read(&mut self, key: usize, ended: bool) {
        let mut buffer = mem::take(&mut self.buffer);
        loop {
            let connection = &mut self.connections[key];
            if connection.leaving || connection.state == State::Gone {
                break;
            }
            let kept = connection.unread.len();
            buffer[..kept].copy_from_slice(&connection.unread);
            let space = &mut buffer[kept..kept + READ];
            match rustix::io::read(connection.fd(), space) {
                Ok(0) => self.part(key),
                Ok(got) => {
                    let used = self.serve(key, &buffer[..kept + got]);
                    let rest = &buffer[used..kept + got];
                    self.connections[key].unread = Vec::from(rest);
                    if got < READ && !ended {
                        break;
                    }
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(_) => self.part(key),
            }
        }
        self.buffer = buffer;
    }

    /// Handles received data; returns the number of bytes consumed.
    fn serve(&mut self, key: usize, bytes: &[u8]) -> usize {
        let mut used = 0;
        if self.connections[key].room.is_none() {
            match handshake::read(bytes) {
                Request::Unfinished => return 0,
                Request::Upgrade { room, response, len } => {
                    self.join(key, room);
                    self.tell(key, response.as_bytes());
                    used = len;
                }
                Request::Refused(response) => {
                    let _ = rustix::io::write(self.connections[key].fd(), response.as_bytes());
                    self.part(key);
                    return bytes.len();
                }
            }
        }
        let Some((room, _)) = self.connections[key].room else { return used };
        while !self.connections[key].leaving {
            let frame = match frame::parse(&bytes[used..]) {
                Ok(Some(frame)) => frame,
                Ok(None) => return used,
                Err(frame::Refused) => {
                    self.part(key);
                    break;
                }
            };
            used += frame.len;
            match frame.kind {
                Kind::Message => {
                    self.rooms[room].push(frame.first, frame.payload, frame.mask);
                    match self.mode {
                        Mode::Single => self.write_room(room),
                        Mode::Batch if !mem::replace(&mut self.rooms[room].waits, true) => self.waiting.push(room),
                        Mode::Batch => {}
                    }
                }
                Kind::Ping => {
                    let mut pong = Vec::new();
                    frame::append(&mut pong, frame::PONG_FIRST, frame.payload, frame.mask);
                    self.tell(key, &pong);
                }
                Kind::Pong => {}
                Kind::Close => {
                    self.connections[key].leaving = true;
                    self.writable.push(key);
                }
            }
        }
        // Data after a close frame is ignored.
        bytes.len()
    }

    fn join(&mut self, key: usize, name: &str) {
        let room = match self.names.get(name) {
            Some(&room) => room,
            None => {
                self.rooms.push(Room::default());
                self.names.insert(name.to_owned(), self.rooms.len() - 1);
                self.rooms.len() - 1
            }
        };
        let Room { log, members, .. } = &mut self.rooms[room];
        self.connections[key].join(room, members.len(), log);
        members.push(key);
    }

    /// Queues data for one connection, to be written after reading.
    fn tell(&mut self, key: usize, bytes: &[u8]) {
        self.connections[key].tell(bytes);
        self.writable.push(key);
    }

    fn write_all(&mut self) {
        for room in mem::take(&mut self.waiting) {
            self.rooms[room].waits = false;
            self.write_room(room);
        }
        let mut writable = mem::take(&mut self.writable);
        for key in writable.drain(..) {
            if self.connections[key].state != State::Gone {
                self.flush(key);
            }
        }
        self.writable = writable;
    }

    /// Writes to all members whose sockets are not full.
    fn write_room(&mut self, key: usize) {
        let Room { log, members, behind, .. } = &mut self.rooms[key];
        for &member in &*members {
            let connection = &mut self.connections[member];
            if connection.state == State::Open {
                connection.flush(log, self.mode);
                match connection.state {
                    State::Open => {}
                    State::Full => *behind += 1,
                    State::Gone => self.gone.push(member),
                }
            }
        }
        self.trim(key);
    }

    fn trim(&mut self, room: usize) {
        // Frames of this iteration have not been written to the other members yet.
        if self.rooms[room].waits {
            return;
        }
        let connections = &self.connections;
        self.rooms[room].trim(|members| {
            let full = members.iter().map(|&key| &connections[key]).filter(|member| member.state == State::Full);
            full.map(|member| member.place).min().unwrap_or_default()
        });
    }

    fn flush(&mut self, key: usize) {
        let connection = &mut self.connections[key];
        let Some((room, _)) = connection.room else { return };
        let before = connection.state;
        connection.flush(&self.rooms[room].log, self.mode);
        self.moved(key, room, before);
    }

    /// Updates the room's count of full sockets and the list of ended connections after a change of state.
    fn moved(&mut self, key: usize, room: usize, before: State) {
        let after = self.connections[key].state;
        let behind = &mut self.rooms[room].behind;
        match (before, after) {
            (State::Full, State::Open | State::Gone) => *behind -= 1,
            (State::Open, State::Full) => *behind += 1,
            _ => {}
        }
        if after == State::Gone && before != State::Gone {
            self.gone.push(key);
        }
        if before == State::Full && after != State::Full {
            self.trim(room);
        }
    }

    /// Ends a connection.
    fn part(&mut self, key: usize) {
        let before = mem::replace(&mut self.connections[key].state, State::Gone);
        match self.connections[key].room {
            Some((room, _)) => self.moved(key, room, before),
            None if before != State::Gone => self.gone.push(key),
            None => {}
        }
    }

    fn ping_all(&mut self) {
        for key in 0..self.connections.capacity() {
            let Some(connection) = self.connections.get_mut(key) else { continue };
            let Some((room, _)) = connection.room else { continue };
            let before = connection.state;
            connection.ping();
            if connection.state != before {
                self.moved(key, room, before);
            }
        }
    }

    fn drop_gone(&mut self) {
        for key in mem::take(&mut self.gone) {
            let connection = self.connections.remove(key);
            let Some((room, place)) = connection.room else { continue };
            let members = &mut self.rooms[room].members;
            members.swap_remove(place);
            if let Some(&moved) = members.get(place) {
                self.connections[moved].room = Some((room, place));
            }
        }
    }
}

fn timespec(duration: Duration) -> Timespec {
    Timespec { tv_sec: duration.as_secs() as i64, tv_nsec: i64::from(duration.subsec_nanos()) }
}
