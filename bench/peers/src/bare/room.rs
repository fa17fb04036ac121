//! A room: its members, and the frames that some of them have yet to get, once for all.

/// Up to here frames that all members have are kept until the room is idle; then they cost a move of what is left.
const TRIM_AT: usize = 256 * 1024;

/// The frames of a room, as one run of bytes. A place in it is counted from the room's beginning, so that it holds when
/// the front is dropped.
#[derive(Default)]
pub(crate) struct Log {
    start: u64,
    bytes: Vec<u8>,
}

impl Log {
    /// The place after the last byte: what a new member begins with.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    /// The bytes from `place` on.
    pub(crate) fn after(&self, place: u64) -> &[u8] {
        &self.bytes[(place - self.start) as usize..]
    }

    fn drop_before(&mut self, place: u64) {
        self.bytes.drain(..(place - self.start) as usize);
        self.start = place;
    }
}

/// A room.
#[derive(Default)]
pub(crate) struct Room {
    pub(crate) log: Log,
    /// Keys of the members' connections.
    pub(crate) members: Vec<usize>,
    /// How many members have not got all of the log: those whose sockets are full.
    pub(crate) behind: usize,
    /// It stands in the list of rooms to write in this turn.
    pub(crate) waits: bool,
    trim_at: usize,
}

impl Room {
    /// Adds a frame to what waits for all members.
    pub(crate) fn push(&mut self, first: u8, payload: &[u8], mask: [u8; 4]) {
        super::frame::append(&mut self.log.bytes, first, payload, mask);
    }

    /// Drops what all members have. `slowest` gives the place of the one that is furthest behind; it is asked only when
    /// the log has doubled since, so that a byte is moved a bounded number of times.
    pub(crate) fn trim(&mut self, slowest: impl FnOnce(&[usize]) -> u64) {
        if self.behind == 0 {
            self.log.drop_before(self.log.end());
            self.log.bytes.shrink_to(TRIM_AT);
            self.trim_at = TRIM_AT;
        } else if self.log.bytes.len() > self.trim_at.max(TRIM_AT) {
            self.log.drop_before(slowest(&self.members));
            self.trim_at = 2 * self.log.bytes.len();
        }
    }
}
