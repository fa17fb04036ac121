-- Which events have the later versions of a message. What they say stands in the log alone.
CREATE TABLE edit (
    room        text COLLATE "C" NOT NULL,
    message_seq bigint NOT NULL,
    seq         bigint NOT NULL,
    PRIMARY KEY (room, message_seq, seq)
);

-- Who reacted to a message with which emoji. Whoever took it back stays, not active, so that a repeated command finds its event.
CREATE TABLE reaction (
    room        text COLLATE "C" NOT NULL,
    message_seq bigint NOT NULL,
    emoji       text COLLATE "C" NOT NULL,
    user_id     uuid NOT NULL,
    active      boolean NOT NULL,
    -- The event that made it so.
    seq         bigint NOT NULL,
    PRIMARY KEY (room, message_seq, emoji, user_id)
);

-- Commands for reactions that changed nothing, and so are no events: when they are repeated, they still change nothing.
CREATE TABLE unchanged_reaction (
    id     uuid PRIMARY KEY,
    room   text COLLATE "C" NOT NULL,
    author uuid NOT NULL,
    -- The event that had made it so.
    seq    bigint NOT NULL,
    at     bigint NOT NULL,
    digest bytea NOT NULL
);
