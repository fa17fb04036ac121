-- Which events have the later versions of a message. What they say stands in the log alone.
CREATE TABLE edit (
    room        TEXT NOT NULL,
    message_seq INTEGER NOT NULL,
    seq         INTEGER NOT NULL,
    PRIMARY KEY (room, message_seq, seq)
) STRICT, WITHOUT ROWID;

-- Who reacted to a message with which emoji. Whoever took it back stays, not active, so that a repeated command finds its event.
CREATE TABLE reaction (
    room        TEXT NOT NULL,
    message_seq INTEGER NOT NULL,
    emoji       TEXT NOT NULL,
    user        BLOB NOT NULL,
    active      INTEGER NOT NULL,
    -- The event that made it so.
    seq         INTEGER NOT NULL,
    PRIMARY KEY (room, message_seq, emoji, user)
) STRICT, WITHOUT ROWID;

-- Commands for reactions that changed nothing, and so are no events: when they are repeated, they still change nothing.
CREATE TABLE unchanged_reaction (
    id     BLOB PRIMARY KEY NOT NULL,
    room   TEXT NOT NULL,
    author BLOB NOT NULL,
    -- The event that had made it so.
    seq    INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    digest BLOB NOT NULL
) STRICT, WITHOUT ROWID;
