//! Limits that both sides hold to. The server enforces each; a client that knows them spares a round trip.

use std::time::Duration;

/// Longest client frame in bytes, as one WebSocket message. A longer one closes the connection with 4009.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Most client frames in one `POST /live/frames`.
pub const MAX_POST_FRAMES: usize = 256;

/// Largest body of one `POST /live/frames`, in bytes.
pub const MAX_POST_BYTES: usize = 256 * 1024;

/// Longest that `GET /live/poll` is held; with shorter heartbeats, one heartbeat.
pub const MAX_POLL_HOLD: Duration = Duration::from_secs(25);

/// Longest message body, in Unicode scalar values, after trimming.
pub const MAX_BODY_CHARS: usize = 8_000;

/// Longest name of a person, in Unicode scalar values, after trimming.
pub const MAX_NAME_CHARS: usize = 32;

/// Longest name of a room, in Unicode scalar values, after trimming.
pub const MAX_ROOM_NAME_CHARS: usize = 48;

/// Shortest password, in Unicode scalar values.
pub const MIN_PASSWORD_CHARS: usize = 10;

/// Longest password, in bytes. No one types more, and hashing it takes time.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Colours that a person can choose from: 0 to one less.
pub const COLOURS: u8 = 12;

/// Hours that an invitation is valid when nothing else is said.
pub const INVITE_HOURS: u32 = 7 * 24;

/// Most hours that an invitation is valid.
pub const MAX_INVITE_HOURS: u32 = 365 * 24;

/// Most uses of one invitation.
pub const MAX_INVITE_USES: u32 = 10_000;

/// Most hours of a ban that ends by itself: ten years.
pub const MAX_BAN_HOURS: u32 = 10 * 365 * 24;

/// Most minutes that someone is muted: thirty days.
pub const MAX_MUTE_MINUTES: u32 = 30 * 24 * 60;

/// Longest reason of a ban, in Unicode scalar values.
pub const MAX_REASON_CHARS: usize = 250;

/// Bans that one answer lists, the newest first.
pub const MAX_BANS_LISTED: u32 = 1_000;

/// Entries of the audit log in one answer when the request names no limit.
pub const AUDIT_PAGE: u32 = 50;

/// People in one page of the list.
pub const PEOPLE_PAGE: u32 = 50;

/// Most events that a `join` replays; a cursor further behind is answered with `gap`, reason `too_far`.
pub const MAX_REPLAY: u64 = 1_000;

/// Unread messages of a room are counted up to here.
pub const MAX_UNREAD_COUNTED: u64 = 10_000;

/// People whom one message can name.
pub const MAX_MENTIONS: usize = 50;

/// Time without input, or hidden, after which nobody is taken to be at a device.
pub const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);

/// Most rooms that one connection may have joined at a time.
pub const MAX_JOINED_ROOMS: usize = 200;

/// People that `joined` lists by name when no more are in the room; `online_count` always tells the whole number.
pub const MAX_ONLINE_LISTED: usize = 200;

/// People that `joined` lists by name when there are more than [`MAX_ONLINE_LISTED`]: nobody reads a crowd name by name,
/// and what is sent once to each newcomer stays in a buffer of every connection.
pub const CROWD_LISTED: usize = 30;

/// Most people in a direct room besides the one who begins it.
pub const MAX_DIRECT_PEOPLE: usize = 9;

/// Members of a room that one answer lists.
pub const MAX_MEMBERS_LISTED: u32 = 1_000;

/// Longest topic of a room, in Unicode scalar values.
pub const MAX_TOPIC_CHARS: usize = 250;

/// Bytes that may wait for one connection (G5). Beyond, the queue is dropped and `gap` follows.
pub const MAX_QUEUE_BYTES: usize = 256 * 1024;

/// Messages in a page when the request names no limit.
pub const DEFAULT_PAGE: u32 = 50;

/// Most messages in one page.
pub const MAX_PAGE: u32 = 200;

/// Most events in one answer of the events endpoint, and the number when the request names no limit.
pub const MAX_EVENTS: u32 = 500;

/// Time from the connection's opening within which `hello` must have come.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Interval of heartbeats in both directions, unless `welcome` says another one.
pub const HEARTBEAT: Duration = Duration::from_secs(25);

/// Silence beyond one heartbeat after which a peer is given up. With short heartbeats, half a heartbeat.
pub const HEARTBEAT_GRACE: Duration = Duration::from_secs(10);

/// Time within which a connection that comes back is not announced as left and joined.
pub const LEAVE_GRACE: Duration = Duration::from_secs(10);

/// Two overflows of a connection's queue within this time close it with 4008.
pub const OVERFLOW_WINDOW: Duration = Duration::from_secs(30);
