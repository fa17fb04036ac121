//! A connection: its unsent data, and how it is written.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::frame;
use super::room::Log;

/// How frames are combined in writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each frame separately.
    Single,
    /// All waiting frames together.
    Batch,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Everything was written.
    Open,
    /// The socket is full, until epoll reports it as writable.
    Full,
    /// To be dropped at the end of the iteration.
    Gone,
}

pub(crate) struct Connection {
    socket: OwnedFd,
    pub(crate) state: State,
    /// It sent a close frame and is dropped once everything is written.
    pub(crate) leaving: bool,
    /// Key of its room, and its index among the members. `None` until the upgrade.
    pub(crate) room: Option<(usize, usize)>,
    /// Offset in the room's log up to which it has received.
    pub(crate) place: u64,
    /// End of the frames that are being written; nothing else may be written before it.
    whole: u64,
    /// Data for this connection only, sent before later parts of the log.
    own: Vec<u8>,
    /// An incomplete frame or request.
    pub(crate) unread: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self {
            socket,
            state: State::Open,
            leaving: false,
            room: None,
            place: 0,
            whole: 0,
            own: Vec::new(),
            unread: Vec::new(),
        }
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Makes it a member, starting at the end of the log.
    pub(crate) fn join(&mut self, room: usize, place: usize, log: &Log) {
        self.room = Some((room, place));
        self.place = log.end();
        self.whole = self.place;
    }

    /// Queues data for this connection only, after the current frame.
    pub(crate) fn tell(&mut self, bytes: &[u8]) {
        self.own.extend_from_slice(bytes);
    }

    /// Writes a ping, unless other data is waiting, which serves as a heartbeat as well.
    pub(crate) fn ping(&mut self) {
        if self.state != State::Open {
            return;
        }
        match rustix::io::write(&self.socket, &frame::PING) {
            Ok(sent) if sent == frame::PING.len() => {}
            Ok(sent) => {
                self.own.extend_from_slice(&frame::PING[sent..]);
                self.state = State::Full;
            }
            // Nothing was sent, and waiting data serves as a heartbeat.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.state = State::Gone,
        }
    }

    /// Writes until everything is written or the socket is full.
    pub(crate) fn flush(&mut self, log: &Log, mode: Mode) {
        self.state = loop {
            if self.place == self.whole {
                if !self.own.is_empty() {
                    match write(&self.socket, &self.own) {
                        Ok(sent) if sent == self.own.len() => self.own = Vec::new(),
                        Ok(sent) => {
                            self.own.drain(..sent);
                            break State::Full;
                        }
                        Err(_) => break State::Gone,
                    }
                }
                let rest = log.after(self.place);
                if rest.is_empty() {
                    if self.leaving {
                        // Best effort, because the client has closed.
                        let _ = write(&self.socket, &frame::CLOSE);
                        break State::Gone;
                    }
                    break State::Open;
                }
                self.whole += match mode {
                    Mode::Single => frame::server_frame_len(rest) as u64,
                    Mode::Batch => rest.len() as u64,
                };
            }
            let wanted = (self.whole - self.place) as usize;
            match write(&self.socket, &log.after(self.place)[..wanted]) {
                Ok(sent) => {
                    self.place += sent as u64;
                    // A short write means that the socket is full.
                    if sent < wanted {
                        break State::Full;
                    }
                }
                Err(_) => break State::Gone,
            }
        };
    }
}

/// Number of bytes written, 0 if the socket is full.
fn write(socket: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    loop {
        match rustix::io::write(socket, bytes) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            done => return done,
        }
    }
}
