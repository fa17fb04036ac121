//! Limits and intervals of the protocol. The server enforces each; clients check them to avoid a rejected request.
//!
//! Characters are Unicode scalar values, counted after trimming.

use std::time::Duration;

/// Maximum size of a client frame in bytes. A larger one closes the connection with 4009.
pub const MAX_FRAME_BYTES: usize = 64 * 1024;

/// Maximum number of frames in one `POST /live/frames`.
pub const MAX_POST_FRAMES: usize = 256;

/// Maximum size in bytes of the body of one `POST /live/frames`.
pub const MAX_POST_BYTES: usize = 256 * 1024;

/// Maximum time that `GET /live/poll` waits for frames. With a shorter heartbeat, one heartbeat interval.
pub const MAX_POLL_WAIT: Duration = Duration::from_secs(25);

/// Maximum number of characters in a message body.
pub const MAX_BODY_CHARS: usize = 8_000;

/// Maximum number of different emojis with which users react to a message.
pub const MAX_REACTIONS: usize = 20;

/// Maximum number of users that a page of history names for a reaction.
pub const MAX_REACTION_USERS: usize = 20;

/// Maximum number of characters in a user's name.
pub const MAX_NAME_CHARS: usize = 32;

/// Maximum number of characters in a room's name.
pub const MAX_ROOM_NAME_CHARS: usize = 48;

/// Maximum number of characters in a room's topic.
pub const MAX_TOPIC_CHARS: usize = 250;

/// Maximum number of characters in the server's name.
pub const MAX_SERVER_NAME_CHARS: usize = 40;

/// Maximum size of an uploaded picture in bytes.
pub const MAX_PICTURE_BYTES: usize = 1024 * 1024;

/// Maximum width and height of an uploaded picture in pixels.
pub const MAX_PICTURE_SIDE: u32 = 4_096;

/// Minimum number of characters in a password.
pub const MIN_PASSWORD_CHARS: usize = 10;

/// Maximum length of a password in bytes. Bounds the cost of hashing.
pub const MAX_PASSWORD_BYTES: usize = 1_024;

/// Number of colours that a user can choose from, numbered from 0.
pub const COLOUR_COUNT: u8 = 12;

/// Default validity of an invitation, in hours.
pub const DEFAULT_INVITE_HOURS: u32 = 7 * 24;

/// Maximum validity of an invitation, in hours.
pub const MAX_INVITE_HOURS: u32 = 365 * 24;

/// Maximum number of uses of an invitation.
pub const MAX_INVITE_USES: u32 = 10_000;

/// Maximum duration of a temporary ban, in hours (ten years).
pub const MAX_BAN_HOURS: u32 = 10 * 365 * 24;

/// Maximum duration of a mute, in minutes (thirty days).
pub const MAX_MUTE_MINUTES: u32 = 30 * 24 * 60;

/// Maximum number of characters in the reason of a ban.
pub const MAX_REASON_CHARS: usize = 250;

/// Maximum number of bans in a list, newest first.
pub const MAX_BANS_LISTED: u32 = 1_000;

/// Default number of entries in a page of the audit log.
pub const AUDIT_PAGE_SIZE: u32 = 50;

/// Number of people in a page of the directory.
pub const PEOPLE_PAGE_SIZE: u32 = 50;

/// Maximum number of events that a `join` replays. A cursor further behind is answered with `gap`, reason `too_far`.
pub const MAX_REPLAY_EVENTS: u64 = 1_000;

/// Maximum unread count of a room; counting stops here.
pub const MAX_UNREAD_COUNTED: u64 = 10_000;

/// Maximum number of users mentioned in one message.
pub const MAX_MENTIONS: usize = 50;

/// Time without input, or with the page hidden, after which a device is idle.
pub const AWAY_AFTER: Duration = Duration::from_secs(5 * 60);

/// Maximum number of rooms joined at the same time on one connection.
pub const MAX_JOINED_ROOMS: usize = 200;

/// Maximum number of online users in a room for which `joined` lists all of them. `online_count` is always complete.
pub const MAX_ONLINE_LISTED: usize = 200;

/// Number of users that `joined` lists when more than [`MAX_ONLINE_LISTED`] are online. Kept small because the frame waits
/// in the buffer of every new connection.
pub const ONLINE_SAMPLE: usize = 30;

/// Maximum number of other users in a direct room.
pub const MAX_DIRECT_PEOPLE: usize = 9;

/// Maximum number of members in a room's member list.
pub const MAX_MEMBERS_LISTED: u32 = 1_000;

/// Maximum and default number of public rooms that one is not a member of, in a page of the room list.
pub const MAX_ROOMS_LISTED: u32 = 1_000;

/// Number of them in the list that a page of the chat begins with.
pub const ROOMS_ON_PAGE: u32 = 50;

/// Maximum number of rooms that one person can create, direct rooms included.
pub const MAX_ROOMS_CREATED: u64 = 2_000;

/// Maximum number of bytes queued for one connection (guarantee G5). Beyond it the queue is dropped and `gap` is sent.
pub const MAX_QUEUE_BYTES: usize = 256 * 1024;

/// Default number of messages in a page.
pub const DEFAULT_PAGE_SIZE: u32 = 50;

/// Maximum number of messages in a page.
pub const MAX_PAGE_SIZE: u32 = 200;

/// Maximum and default number of events in a page of the events endpoint.
pub const MAX_EVENT_PAGE_SIZE: u32 = 500;

/// Time within which `hello` must arrive after a connection was opened.
pub const HELLO_TIMEOUT: Duration = Duration::from_secs(10);

/// Default heartbeat interval of both sides. `welcome` gives the one in force.
pub const HEARTBEAT: Duration = Duration::from_secs(25);

/// Silence after a missed heartbeat until the peer counts as gone. With a short heartbeat, half the interval.
pub const HEARTBEAT_GRACE: Duration = Duration::from_secs(10);

/// Time within which a user can reconnect without being announced as offline and online again.
pub const PRESENCE_GRACE: Duration = Duration::from_secs(10);

/// Two overflows of a connection's queue within this time close it with 4008.
pub const OVERFLOW_WINDOW: Duration = Duration::from_secs(30);
