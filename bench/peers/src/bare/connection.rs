//! One connection: what it has yet to get, and how it gets it.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use super::frame;
use super::room::Log;

/// How frames are put into writes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Each frame by itself.
    Single,
    /// All that wait together.
    Batch,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Its socket took all there was.
    Open,
    /// Its socket is full: it is behind until epoll says that it is writable.
    Full,
    /// To be dropped at the end of the turn.
    Gone,
}

pub(crate) struct Connection {
    socket: OwnedFd,
    pub(crate) state: State,
    /// It said goodbye: gone as soon as it has got all.
    pub(crate) leaving: bool,
    /// Key of its room and its place among the members; `None` until the upgrade.
    pub(crate) room: Option<(usize, usize)>,
    /// How far it has got in the room's log.
    pub(crate) place: u64,
    /// Where the frame, or the run of frames, ends that is being written: before it nothing else may be written.
    whole: u64,
    /// What goes to this connection alone, before anything that comes later in the log.
    own: Vec<u8>,
    /// The beginning of a frame or a request whose end has not come yet.
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

    /// Makes it a member: what is in the log already is not for it.
    pub(crate) fn join(&mut self, room: usize, place: usize, log: &Log) {
        self.room = Some((room, place));
        self.place = log.end();
        self.whole = self.place;
    }

    /// Puts bytes in line that only this connection gets, at the next end of a frame.
    pub(crate) fn tell(&mut self, bytes: &[u8]) {
        self.own.extend_from_slice(bytes);
    }

    /// Writes bytes that only this connection gets at once, when nothing waits for it; otherwise they are not needed:
    /// what waits is a sign of life as good.
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
            // Nothing of it was sent, and as above it is not needed.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(_) => self.state = State::Gone,
        }
    }

    /// Writes until all is written or the socket is full.
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
                        // As far as the socket takes it: the client is the one who closed.
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
                    // A short write says that the socket is full; asking again would only cost a call.
                    if sent < wanted {
                        break State::Full;
                    }
                }
                Err(_) => break State::Gone,
            }
        };
    }
}

/// How many bytes the socket took: 0 when it is full.
fn write(socket: &OwnedFd, bytes: &[u8]) -> rustix::io::Result<usize> {
    loop {
        match rustix::io::write(socket, bytes) {
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(0),
            done => return done,
        }
    }
}
