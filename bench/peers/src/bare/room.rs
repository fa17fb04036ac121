//! A room: its members, and one shared log of the frames that some of them have not received yet.

/// Below this size, delivered frames are kept until the room is idle; above it, dropping them moves the rest.
const TRIM_AT: usize = 256 * 1024;

/// The frames of a room as one buffer. Offsets count from the start of the room, so that they stay valid when the front is
/// dropped.
#[derive(Default)]
pub(crate) struct Log {
    start: u64,
    bytes: Vec<u8>,
}

impl Log {
    /// The offset after the last byte, where new members start.
    pub(crate) fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    pub(crate) fn after(&self, place: u64) -> &[u8] {
        &self.bytes[(place - self.start) as usize..]
    }

    fn drop_before(&mut self, place: u64) {
        self.bytes.drain(..(place - self.start) as usize);
        self.start = place;
    }
}

#[derive(Default)]
pub(crate) struct Room {
    pub(crate) log: Log,
    /// Keys of the members' connections.
    pub(crate) members: Vec<usize>,
    /// Number of members whose sockets are full.
    pub(crate) behind: usize,
    /// It is in the list of rooms to write in this iteration.
    pub(crate) waits: bool,
    trim_at: usize,
}

impl Room {
    /// Queues a frame for all members.
    pub(crate) fn push(&mut self, first: u8, payload: &[u8], mask: [u8; 4]) {
        super::frame::append(&mut self.log.bytes, first, payload, mask);
    }

    /// Drops what all members have received. `slowest` returns the offset of the slowest member; it is called only after
    /// the log has doubled, so that each byte is moved a bounded number of times.
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
