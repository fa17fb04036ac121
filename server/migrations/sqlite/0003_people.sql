-- Accounts, what they may do, how they come in, and what was done to whom.

-- guest, member, moderator, admin or owner.
ALTER TABLE user ADD COLUMN role TEXT NOT NULL DEFAULT 'guest';
-- The colour that the person chose, 0 to 11; without one it follows from the id.
ALTER TABLE user ADD COLUMN colour INTEGER;
-- When they were last connected, for "last seen".
ALTER TABLE user ADD COLUMN seen_at INTEGER;
-- A guest's name in the form in which names are compared, so that it is found; an account has its own below. Those who came
-- before this step have it as far as SQL can tell.
ALTER TABLE user ADD COLUMN guest_key TEXT;
UPDATE user SET guest_key = lower(name) WHERE kind = 'guest';
CREATE INDEX user_guest_key ON user (guest_key, id) WHERE guest_key IS NOT NULL;
-- When they deleted their account: what they said stays, under a name that says so.
ALTER TABLE user ADD COLUMN gone_at INTEGER;

-- What a person signs in with.
CREATE TABLE account (
    user       BLOB PRIMARY KEY NOT NULL REFERENCES user (id),
    name       TEXT NOT NULL,
    -- The name in the form in which names are compared: two that look alike are one.
    name_key   TEXT NOT NULL UNIQUE,
    -- The same form of the name that others see. It may be another, and is still nobody else's.
    shown_key  TEXT NOT NULL UNIQUE,
    -- A PHC string (argon2id): algorithm, cost, salt and hash.
    password   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A session in its owner's list. The id names it there; the token opens it.
ALTER TABLE session ADD COLUMN id BLOB;
ALTER TABLE session ADD COLUMN device TEXT;
ALTER TABLE session ADD COLUMN address TEXT;
ALTER TABLE session ADD COLUMN seen_at INTEGER;
-- Nobody is out for not having come while nobody counted.
UPDATE session SET id = randomblob(16), seen_at = CAST(unixepoch('subsec') * 1000 AS INTEGER);
CREATE INDEX session_user ON session (user);

-- Links by which someone comes in, as the SHA-256 of their secret.
CREATE TABLE invite (
    token_hash BLOB PRIMARY KEY NOT NULL,
    id         BLOB NOT NULL UNIQUE,
    made_by    BLOB REFERENCES user (id),
    made_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- Uses that are left; none for as many as one likes.
    uses_left  INTEGER CHECK (uses_left >= 0),
    -- What whoever comes by it becomes: member, or owner for the first account of all.
    role       TEXT NOT NULL,
    revoked_at INTEGER
) STRICT, WITHOUT ROWID;

-- Links by which someone gets a new password.
CREATE TABLE password_reset (
    token_hash BLOB PRIMARY KEY NOT NULL,
    user       BLOB NOT NULL REFERENCES user (id),
    made_by    BLOB NOT NULL REFERENCES user (id),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX password_reset_user ON password_reset (user);

-- Who may not come in, and perhaps from where nobody comes in by a name alone.
CREATE TABLE ban (
    id        BLOB PRIMARY KEY NOT NULL,
    user      BLOB NOT NULL REFERENCES user (id),
    -- The one where they were last seen.
    address   TEXT,
    reason    TEXT NOT NULL,
    made_by   BLOB NOT NULL REFERENCES user (id),
    made_at   INTEGER NOT NULL,
    -- None: for ever.
    until     INTEGER,
    lifted_at INTEGER
) STRICT, WITHOUT ROWID;
-- At most one for each person: another one takes its place.
CREATE UNIQUE INDEX ban_user ON ban (user) WHERE lifted_at IS NULL;

-- Who may not write: in a room, or with an empty room on the whole server.
CREATE TABLE mute (
    user    BLOB NOT NULL REFERENCES user (id),
    room    TEXT NOT NULL,
    made_by BLOB NOT NULL REFERENCES user (id),
    until   INTEGER NOT NULL,
    PRIMARY KEY (user, room)
) STRICT, WITHOUT ROWID;

-- member or moderator.
ALTER TABLE member ADD COLUMN role TEXT NOT NULL DEFAULT 'member';
-- What one wants to hear of the room: all, mentions or nothing.
ALTER TABLE member ADD COLUMN level TEXT NOT NULL DEFAULT 'all';
-- What is unread again from here on, whatever was read; none when nothing was marked since.
ALTER TABLE member ADD COLUMN unread_from INTEGER;
CREATE INDEX member_room ON member (room);

-- Who is named by `@name` in which message. In the order of the log, for a stretch of it is read at a time.
CREATE TABLE mention (
    room TEXT NOT NULL,
    seq  INTEGER NOT NULL,
    user BLOB NOT NULL,
    PRIMARY KEY (room, seq, user)
) STRICT, WITHOUT ROWID;

ALTER TABLE room ADD COLUMN archived_at INTEGER;
-- Of a direct room: who is in it, so that the same people get the same room each time.
ALTER TABLE room ADD COLUMN people_key BLOB;
CREATE UNIQUE INDEX room_people ON room (people_key) WHERE people_key IS NOT NULL;

-- Whoever made a room looks after it.
UPDATE member SET role = 'moderator'
WHERE EXISTS (SELECT 1 FROM room WHERE room.id = member.room AND room.created_by = member.user);

-- Whom an event of a membership is about, and what one says besides: a new name or topic, the message that is gone, or the
-- ids of those whom a message names.
ALTER TABLE event ADD COLUMN subject BLOB;
ALTER TABLE event ADD COLUMN detail TEXT;

-- Every act of power: who, what, whom, where, when, and why. Only ever added to.
CREATE TABLE audit (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   BLOB,
    act     TEXT NOT NULL,
    subject BLOB,
    room    TEXT,
    details TEXT
) STRICT;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;
CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit log is only added to'); END;
