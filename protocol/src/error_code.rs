//! Machine-readable codes of `refused` frames and HTTP errors.

/// Not a JSON object with a `type`, a field has the wrong form, or the message is binary.
pub const BAD_FRAME: &str = "bad_frame";
/// The server does not know the frame's `type`.
pub const UNKNOWN_TYPE: &str = "unknown_type";
/// The text is empty after trimming.
pub const EMPTY: &str = "empty";
/// The text exceeds its maximum length.
pub const TOO_LONG: &str = "too_long";
/// The text contains a character that cannot be stored or displayed.
pub const BAD_CHARACTERS: &str = "bad_characters";
/// The id was already used for other content or by another user.
pub const ID_REUSED: &str = "id_reused";
/// The room, message or user does not exist, or the user may not see it.
pub const NOT_FOUND: &str = "not_found";
/// The user may see the resource but may not do this.
pub const FORBIDDEN: &str = "forbidden";
/// The user is muted, in this room or everywhere, for `retry_after_ms`.
pub const MUTED: &str = "muted";
/// The user is banned: until the time in `Retry-After`, or permanently if there is none. HTTP 403 for every request.
pub const BANNED: &str = "banned";
/// The server does not support this operation.
pub const NOT_SUPPORTED: &str = "not_supported";
/// The connection has joined the maximum number of rooms.
pub const TOO_MANY_ROOMS: &str = "too_many_rooms";
/// The text is not a single emoji.
pub const BAD_EMOJI: &str = "bad_emoji";
/// The message has reactions with the maximum number of different emojis.
pub const TOO_MANY_REACTIONS: &str = "too_many_reactions";
/// Too many requests. Retry after `retry_after_ms`.
pub const RATE_LIMITED: &str = "rate_limited";
/// Storage failed or the server is stopping. Retry with the same id.
pub const UNAVAILABLE: &str = "unavailable";
/// The disk or quota is full; reading still works. Retry with the same id after `retry_after_ms`. HTTP 507.
pub const STORAGE_FULL: &str = "storage_full";
/// HTTP: `connection` is not the id of an open connection. Start a new one with `hello`.
pub const NO_CONNECTION: &str = "no_connection";
/// HTTP: the session is missing, expired or revoked.
pub const UNAUTHORIZED: &str = "unauthorized";
/// HTTP: the `Origin` is neither this server nor on its allow list.
pub const ORIGIN_REFUSED: &str = "origin_refused";
/// HTTP 421: the server does not answer to the host name of the request.
pub const HOST_REFUSED: &str = "host_refused";
/// HTTP: the request is malformed.
pub const BAD_REQUEST: &str = "bad_request";
/// HTTP: guests are not allowed on this server.
pub const GUESTS_OFF: &str = "guests_off";
/// HTTP: another account has this name.
pub const NAME_TAKEN: &str = "name_taken";
/// HTTP: the request body is too large.
pub const TOO_LARGE: &str = "too_large";
/// HTTP: incorrect name or password. It is not disclosed which.
pub const WRONG_CREDENTIALS: &str = "wrong_credentials";
/// HTTP: the password is too short, too long or too common.
pub const WEAK_PASSWORD: &str = "weak_password";
/// HTTP: an invitation is required, or the one given is invalid or expired.
pub const INVITE_NEEDED: &str = "invite_needed";
/// HTTP: the link is invalid, expired or was already used.
pub const INVALID_LINK: &str = "invalid_link";
/// HTTP: a flag of the server fixes this setting.
pub const SETTING_FIXED: &str = "setting_fixed";
/// HTTP: the picture is too large, damaged, or of an unsupported format.
pub const BAD_PICTURE: &str = "bad_picture";
/// HTTP: the server must keep at least one owner.
pub const LAST_OWNER: &str = "last_owner";
