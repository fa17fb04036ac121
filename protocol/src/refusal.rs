//! Codes of `refused` frames and of HTTP errors: for programs. The message beside them is for people.

/// Not a JSON object with a `type`, a field of the wrong form, or a binary message.
pub const BAD_FRAME: &str = "bad_frame";
/// A `type` that this server does not know.
pub const UNKNOWN_TYPE: &str = "unknown_type";
/// The body is empty after trimming.
pub const EMPTY: &str = "empty";
/// The body or name is over its limit.
pub const TOO_LONG: &str = "too_long";
/// The text has a character that cannot be stored or shown.
pub const BAD_CHARACTERS: &str = "bad_characters";
/// The id was used before, with other content or by someone else.
pub const ID_REUSED: &str = "id_reused";
/// No such room, message or person, or none that is yours to see.
pub const NOT_FOUND: &str = "not_found";
/// What is meant is there for you to see, but this is not yours to do.
pub const FORBIDDEN: &str = "forbidden";
/// You may not write for a while, here or anywhere; `retry_after_ms` says until when. It is no use to send it again before.
pub const MUTED: &str = "muted";
/// You may not come in, for ever or until the time in `Retry-After`. HTTP: 403, whatever the session asks.
pub const BANNED: &str = "banned";
/// The server does not offer this (yet).
pub const NOT_SUPPORTED: &str = "not_supported";
/// More rooms joined on one connection than allowed.
pub const TOO_MANY_ROOMS: &str = "too_many_rooms";
/// Too many of something in too short a time; `retry_after_ms` says when to come back.
pub const RATE_LIMITED: &str = "rate_limited";
/// The server cannot take it now (storage failed, or it is stopping). Try again with the same id.
pub const UNAVAILABLE: &str = "unavailable";
/// The disk or the quota is full. Nothing that was acked is lost, reading goes on; try again with the same id after
/// `retry_after_ms`. HTTP: 507.
pub const STORAGE_FULL: &str = "storage_full";
/// HTTP: `connection` names no living connection; begin another one with `hello`.
pub const NO_CONNECTION: &str = "no_connection";
/// HTTP: no session, or one that is no longer valid.
pub const UNAUTHORIZED: &str = "unauthorized";
/// HTTP: the page that sent this is not this server's and not on the allow list.
pub const ORIGIN_REFUSED: &str = "origin_refused";
/// HTTP: the request does not have the form that the endpoint takes.
pub const BAD_REQUEST: &str = "bad_request";
/// HTTP: this server lets nobody in, or no further, by a name alone.
pub const GUESTS_OFF: &str = "guests_off";
/// HTTP: a name that another has already.
pub const NAME_TAKEN: &str = "name_taken";
/// HTTP: a body over the limit.
pub const TOO_LARGE: &str = "too_large";
/// HTTP: name and password do not belong together; which of them is wrong is not said.
pub const WRONG_CREDENTIALS: &str = "wrong_credentials";
/// HTTP: a password that is too short, too long or the first that anyone would try.
pub const WEAK_PASSWORD: &str = "weak_password";
/// HTTP: one comes in by invitation only, or the invitation is not valid (any more).
pub const INVITE_NEEDED: &str = "invite_needed";
/// HTTP: a link that was used, has expired or never was one.
pub const INVALID_LINK: &str = "invalid_link";
/// HTTP: there has to be an owner, and this is the last one.
pub const LAST_OWNER: &str = "last_owner";
