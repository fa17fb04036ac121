-- Times are Unix milliseconds. Ids of people and commands are the 16 bytes of a UUID.

CREATE TABLE user (
    id         BLOB PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A token is stored as its SHA-256 only: whoever reads the file cannot sign in with it.
CREATE TABLE session (
    token_hash BLOB PRIMARY KEY NOT NULL,
    user       BLOB NOT NULL REFERENCES user (id),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE room (
    id         TEXT PRIMARY KEY NOT NULL,
    name       TEXT NOT NULL,
    -- The name in lower case: two rooms cannot differ by case alone.
    name_key   TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    topic      TEXT,
    -- The seq of the newest event. Whoever appends raises it in the same transaction: this row is the order of the room.
    head       INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL,
    created_by BLOB REFERENCES user (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE member (
    room      TEXT NOT NULL REFERENCES room (id),
    user      BLOB NOT NULL REFERENCES user (id),
    -- How far this person has read. Never goes back.
    read_seq  INTEGER NOT NULL,
    joined_at INTEGER NOT NULL,
    PRIMARY KEY (user, room)
) STRICT, WITHOUT ROWID;

-- The log: every durable change of a room. The key is the order, so that a page or a replay is one range scan.
CREATE TABLE event (
    room   TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    id     BLOB NOT NULL,
    at     INTEGER NOT NULL,
    author BLOB NOT NULL,
    kind   TEXT NOT NULL,
    -- What the command said, as a hash: the same id with other content is refused, even after the content is gone.
    digest BLOB NOT NULL,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

-- Exactly once, for ever.
CREATE UNIQUE INDEX event_id ON event (id);

-- What messages say now. The event says that there is one and where; the content stands here alone.
CREATE TABLE message (
    room         TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    id           BLOB NOT NULL,
    at           INTEGER NOT NULL,
    author       BLOB NOT NULL,
    body         TEXT NOT NULL,
    html         TEXT NOT NULL,
    -- The version of the renderer that made the HTML.
    html_version INTEGER NOT NULL,
    reply_to     BLOB,
    PRIMARY KEY (room, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE counter (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO room (id, name, name_key, kind, created_at)
VALUES ('lobby', 'Lobby', 'lobby', 'public', CAST(unixepoch('subsec') * 1000 AS INTEGER));
