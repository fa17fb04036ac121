-- The schema on PostgreSQL: the same tables and columns as in SQLite, except that `user` is a reserved word: its table is
-- `users`, and columns that refer to it are called `user_id`.
--
-- Times are Unix milliseconds. Text that is compared or sorted has the collation "C": its order is that of its bytes.

CREATE TABLE users (
    id         uuid PRIMARY KEY,
    name       text COLLATE "C" NOT NULL,
    -- guest or account.
    kind       text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    -- guest, member, moderator, admin or owner.
    role       text COLLATE "C" NOT NULL DEFAULT 'guest',
    -- The colour that the user chose, 0 to 11; without one it follows from the id.
    colour     bigint,
    -- When they were last connected.
    seen_at    bigint,
    -- The key of a guest's name; an account has its own.
    guest_key  text COLLATE "C",
    -- When they deleted their account: what they said stays, under a name that says so.
    gone_at    bigint
);
CREATE INDEX users_guest_key ON users (guest_key, id) WHERE guest_key IS NOT NULL;
CREATE INDEX users_owner ON users (id) WHERE role = 'owner';

-- A token is stored as its SHA-256 only.
CREATE TABLE session (
    token_hash   bytea PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    created_at   bigint NOT NULL,
    -- Names the session in its owner's list.
    id           uuid NOT NULL,
    device       text,
    address      text COLLATE "C",
    seen_at      bigint NOT NULL,
    -- A session from before a ban is kept until the ban is over, so that its requests are answered with the ban.
    ended_by_ban boolean NOT NULL DEFAULT false
);
CREATE INDEX session_user_id ON session (user_id);

CREATE TABLE room (
    id          text COLLATE "C" PRIMARY KEY,
    name        text COLLATE "C" NOT NULL,
    -- The name in lower case, for public rooms: two cannot differ by case alone.
    name_key    text COLLATE "C" NOT NULL UNIQUE,
    -- public, private or direct.
    kind        text COLLATE "C" NOT NULL,
    topic       text,
    -- The seq of the newest event. Whoever appends locks this row and raises it in the same transaction: this row is the order
    -- of the room.
    head        bigint NOT NULL DEFAULT 0,
    created_at  bigint NOT NULL,
    created_by  uuid REFERENCES users (id),
    archived_at bigint,
    -- The number of members, kept by triggers.
    members     bigint NOT NULL DEFAULT 0,
    -- Of a direct room: its members, so that the same people get the same room each time.
    people_key  bytea UNIQUE
-- Half of each page stays free, so that a row is updated within its page and no index changes.
) WITH (fillfactor = 50);
CREATE INDEX room_created_by ON room (created_by);

CREATE TABLE member (
    room        text COLLATE "C" NOT NULL REFERENCES room (id),
    user_id     uuid NOT NULL REFERENCES users (id),
    -- How far they have read. Never goes back.
    read_seq    bigint NOT NULL,
    joined_at   bigint NOT NULL,
    -- member, moderator or owner.
    role        text COLLATE "C" NOT NULL DEFAULT 'member',
    -- all, mentions or nothing.
    level       text COLLATE "C" NOT NULL DEFAULT 'all',
    -- What is unread again from here on, whatever was read.
    unread_from bigint,
    -- The name of the user, kept by a trigger: lists of members are in its order.
    name        text COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, room)
) WITH (fillfactor = 80);
CREATE INDEX member_name ON member (room, name, user_id);
CREATE UNIQUE INDEX member_owner ON member (room) WHERE role = 'owner';

-- Member lists in the order of names, and their lengths: a page costs the same in a room of any size.
CREATE FUNCTION rename_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE member SET name = new.name WHERE user_id = new.id;
    RETURN NULL;
END $$;
CREATE TRIGGER member_renamed AFTER UPDATE OF name ON users FOR EACH ROW WHEN (new.name <> old.name)
    EXECUTE FUNCTION rename_member();

-- The transaction has locked the rooms. One update for each room, however many members are added.
CREATE FUNCTION count_added_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE room SET members = members + added.count
    FROM (SELECT room, count(*) FROM added_members GROUP BY room) AS added WHERE room.id = added.room;
    RETURN NULL;
END $$;
CREATE TRIGGER member_added AFTER INSERT ON member REFERENCING NEW TABLE AS added_members FOR EACH STATEMENT
    EXECUTE FUNCTION count_added_members();

CREATE FUNCTION count_removed_members() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE room SET members = members - removed.count
    FROM (SELECT room, count(*) FROM removed_members GROUP BY room) AS removed WHERE room.id = removed.room;
    RETURN NULL;
END $$;
CREATE TRIGGER member_removed AFTER DELETE ON member REFERENCING OLD TABLE AS removed_members FOR EACH STATEMENT
    EXECUTE FUNCTION count_removed_members();

-- The log: every durable change of a room. The key is the order, so that a page or a replay is one range scan.
CREATE TABLE event (
    room         text COLLATE "C" NOT NULL,
    seq          bigint NOT NULL,
    id           uuid NOT NULL,
    at           bigint NOT NULL,
    author       uuid NOT NULL,
    kind         text COLLATE "C" NOT NULL,
    -- What the command said, as a hash: the same id with other content is refused. Zeros when the content was deleted, because
    -- a short text could be guessed from it.
    digest       bytea NOT NULL,
    body         text,
    html         text,
    -- The version of the renderer that made the HTML.
    html_version bigint,
    reply_to     uuid,
    -- Whom an event of a membership is about, and what one says besides.
    subject      uuid,
    detail       text,
    PRIMARY KEY (room, seq)
);
-- Exactly once, for ever.
CREATE UNIQUE INDEX event_id ON event (id);

-- Who is mentioned in which message, in the order of the log.
CREATE TABLE mention (
    room    text COLLATE "C" NOT NULL,
    seq     bigint NOT NULL,
    user_id uuid NOT NULL,
    PRIMARY KEY (room, seq, user_id)
);

CREATE TABLE account (
    user_id        uuid PRIMARY KEY REFERENCES users (id),
    -- The sign-in name and its key, under which names are compared.
    name           text COLLATE "C" NOT NULL,
    name_key       text COLLATE "C" NOT NULL UNIQUE,
    -- The key of the display name.
    shown_key      text COLLATE "C" NOT NULL UNIQUE,
    -- A PHC string (argon2id).
    password       text COLLATE "C" NOT NULL,
    created_at     bigint NOT NULL,
    -- What the names look like, whatever their scripts (UTS #39).
    name_skeleton  text COLLATE "C" NOT NULL,
    shown_skeleton text COLLATE "C" NOT NULL
);
CREATE INDEX account_name_skeleton ON account (name_skeleton);
CREATE INDEX account_shown_skeleton ON account (shown_skeleton);

CREATE TABLE invite (
    token_hash bytea PRIMARY KEY,
    id         uuid NOT NULL UNIQUE,
    made_by    uuid REFERENCES users (id),
    made_at    bigint NOT NULL,
    expires_at bigint NOT NULL,
    -- Uses that are left; NULL for any number.
    uses_left  bigint CHECK (uses_left >= 0),
    -- The role of whoever uses it.
    role       text COLLATE "C" NOT NULL,
    revoked_at bigint
);
CREATE INDEX invite_made_by ON invite (made_by);

CREATE TABLE password_reset (
    token_hash bytea PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    made_by    uuid NOT NULL REFERENCES users (id),
    expires_at bigint NOT NULL
);
CREATE INDEX password_reset_user_id ON password_reset (user_id);
CREATE INDEX password_reset_made_by ON password_reset (made_by);

CREATE TABLE ban (
    id        uuid PRIMARY KEY,
    user_id   uuid NOT NULL REFERENCES users (id),
    -- The address where they were last seen, if it is banned as well.
    address   text COLLATE "C",
    reason    text NOT NULL,
    made_by   uuid NOT NULL REFERENCES users (id),
    made_at   bigint NOT NULL,
    -- NULL: for ever.
    until     bigint,
    lifted_at bigint
);
-- At most one for each user: another one takes its place.
CREATE UNIQUE INDEX ban_user_id ON ban (user_id) WHERE lifted_at IS NULL;

-- Who may not write: in a room or, with an empty room, on the whole server.
CREATE TABLE mute (
    user_id uuid NOT NULL REFERENCES users (id),
    room    text COLLATE "C" NOT NULL,
    made_by uuid NOT NULL REFERENCES users (id),
    until   bigint NOT NULL,
    PRIMARY KEY (user_id, room)
);

CREATE TABLE counter (
    name  text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);

-- One row; NULL is the default.
CREATE TABLE server_settings (
    id        bigint PRIMARY KEY CHECK (id = 1),
    name      text,
    -- guests, accounts or invitation.
    entry     text COLLATE "C",
    -- The id of the picture.
    picture   text COLLATE "C",
    -- Part of the name of the session cookie, because browsers send cookies to all ports of a host.
    server_id text COLLATE "C" NOT NULL
);

-- The server's picture as square PNGs, one row for each size.
CREATE TABLE server_picture (
    picture text COLLATE "C" NOT NULL,
    -- Width and height in pixels.
    side    bigint NOT NULL,
    png     bytea NOT NULL,
    PRIMARY KEY (picture, side)
);

-- Who did what to whom. Rows are only added.
CREATE TABLE audit (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      bigint NOT NULL,
    actor   uuid,
    act     text COLLATE "C" NOT NULL,
    subject uuid,
    room    text COLLATE "C",
    details text
);
CREATE FUNCTION refuse_change_of_audit() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'rows are only added to the audit log'; END $$;
CREATE TRIGGER audit_is_not_changed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change_of_audit();

-- The number of the last commit of each process that writes. A process whose connection is lost before its commit is answered
-- reads here whether it was committed. The id of the transaction would not tell: the server uses it again if it crashes
-- before it is on disk.
CREATE TABLE writer (
    id         uuid PRIMARY KEY,
    commits    bigint NOT NULL,
    started_at bigint NOT NULL
) WITH (fillfactor = 50);

INSERT INTO room (id, name, name_key, kind, created_at)
VALUES ('lobby', 'Lobby', 'lobby', 'public', (extract(epoch FROM clock_timestamp()) * 1000)::bigint);

INSERT INTO server_settings (id, server_id) VALUES (1, substr(replace(gen_random_uuid()::text, '-', ''), 1, 8));
