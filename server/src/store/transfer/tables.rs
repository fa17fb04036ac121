//! What is copied: the tables of both databases with their columns. The first columns of each are its primary key, by which rows
//! are read in the same order from both.

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Boolean,
    Bytes,
    Integer,
    Text,
    Uuid,
}

/// A column with its names in SQLite and PostgreSQL.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) source: &'static str,
    pub(super) target: &'static str,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) struct Table {
    pub(super) source: &'static str,
    pub(super) target: &'static str,
    /// Number of columns of the primary key.
    pub(super) key: usize,
    pub(super) columns: &'static [Column],
}

const fn boolean(name: &'static str) -> Column {
    Column { source: name, target: name, kind: Kind::Boolean }
}

const fn bytes(name: &'static str) -> Column {
    Column { source: name, target: name, kind: Kind::Bytes }
}

const fn integer(name: &'static str) -> Column {
    Column { source: name, target: name, kind: Kind::Integer }
}

const fn text(name: &'static str) -> Column {
    Column { source: name, target: name, kind: Kind::Text }
}

const fn uuid(name: &'static str) -> Column {
    Column { source: name, target: name, kind: Kind::Uuid }
}

/// `user` is a reserved word in PostgreSQL.
const USER: Column = Column { source: "user", target: "user_id", kind: Kind::Uuid };

/// The log of all rooms.
pub(super) static EVENTS: Table = Table {
    source: "event",
    target: "event",
    key: 2,
    columns: &[
        text("room"),
        integer("seq"),
        uuid("id"),
        integer("at"),
        uuid("author"),
        text("kind"),
        bytes("digest"),
        text("body"),
        text("html"),
        integer("html_version"),
        uuid("reply_to"),
        uuid("subject"),
        text("detail"),
    ],
};

static MENTIONS: Table =
    Table { source: "mention", target: "mention", key: 3, columns: &[text("room"), integer("seq"), USER] };

static EDITS: Table =
    Table { source: "edit", target: "edit", key: 3, columns: &[text("room"), integer("message_seq"), integer("seq")] };

static REACTIONS: Table = Table {
    source: "reaction",
    target: "reaction",
    key: 4,
    columns: &[text("room"), integer("message_seq"), text("emoji"), USER, boolean("active"), integer("seq")],
};

/// The logs of rooms and what follows from them, with what progress bars say while they are copied and checked.
pub(super) const OF_ROOMS: [(&Table, &str, &str); 4] = [
    (&EVENTS, "events", "checking events"),
    (&MENTIONS, "mentions", "checking mentions"),
    (&EDITS, "edits", "checking edits"),
    (&REACTIONS, "reactions", "checking reactions"),
];

pub(super) static AUDIT: Table = Table {
    source: "audit",
    target: "audit",
    key: 1,
    columns: &[
        integer("id"),
        integer("at"),
        uuid("actor"),
        text("act"),
        uuid("subject"),
        text("room"),
        text("details"),
    ],
};

/// Everything else, a table after those that it refers to.
pub(super) static OTHERS: [Table; 13] = [
    Table {
        source: "unchanged_reaction",
        target: "unchanged_reaction",
        key: 1,
        columns: &[uuid("id"), text("room"), uuid("author"), integer("seq"), integer("at"), bytes("digest")],
    },
    Table {
        source: "user",
        target: "users",
        key: 1,
        columns: &[
            uuid("id"),
            text("name"),
            text("kind"),
            integer("created_at"),
            text("role"),
            integer("colour"),
            integer("seen_at"),
            text("guest_key"),
            integer("gone_at"),
        ],
    },
    Table {
        source: "session",
        target: "session",
        key: 1,
        columns: &[
            bytes("token_hash"),
            USER,
            integer("created_at"),
            uuid("id"),
            text("device"),
            text("address"),
            integer("seen_at"),
            boolean("ended_by_ban"),
        ],
    },
    Table {
        source: "room",
        target: "room",
        key: 1,
        columns: &[
            text("id"),
            text("name"),
            text("name_key"),
            text("kind"),
            text("topic"),
            integer("head"),
            integer("created_at"),
            uuid("created_by"),
            integer("archived_at"),
            bytes("people_key"),
        ],
    },
    Table {
        source: "member",
        target: "member",
        key: 2,
        columns: &[
            USER,
            text("room"),
            integer("read_seq"),
            integer("joined_at"),
            text("role"),
            text("level"),
            integer("unread_from"),
            text("name"),
        ],
    },
    Table {
        source: "account",
        target: "account",
        key: 1,
        columns: &[
            USER,
            text("name"),
            text("name_key"),
            text("shown_key"),
            text("password"),
            integer("created_at"),
            text("name_skeleton"),
            text("shown_skeleton"),
        ],
    },
    Table {
        source: "invite",
        target: "invite",
        key: 1,
        columns: &[
            bytes("token_hash"),
            uuid("id"),
            uuid("made_by"),
            integer("made_at"),
            integer("expires_at"),
            integer("uses_left"),
            text("role"),
            integer("revoked_at"),
        ],
    },
    Table {
        source: "password_reset",
        target: "password_reset",
        key: 1,
        columns: &[bytes("token_hash"), USER, uuid("made_by"), integer("expires_at")],
    },
    Table {
        source: "ban",
        target: "ban",
        key: 1,
        columns: &[
            uuid("id"),
            USER,
            text("address"),
            text("reason"),
            uuid("made_by"),
            integer("made_at"),
            integer("until"),
            integer("lifted_at"),
        ],
    },
    Table { source: "mute", target: "mute", key: 2, columns: &[USER, text("room"), uuid("made_by"), integer("until")] },
    Table { source: "counter", target: "counter", key: 1, columns: &[text("name"), integer("value")] },
    Table {
        source: "server_settings",
        target: "server_settings",
        key: 1,
        columns: &[integer("id"), text("name"), text("entry"), text("picture"), text("server_id")],
    },
    Table {
        source: "server_picture",
        target: "server_picture",
        key: 2,
        columns: &[text("picture"), integer("side"), bytes("png")],
    },
];
