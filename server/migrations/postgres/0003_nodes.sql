-- Several servers ("nodes") on one database.

-- What each commit changed, for the other nodes: a transactional outbox. Rows are kept for an hour.
CREATE TABLE commit_log (
    -- Drawn while the rows of the rooms and users that the commit concerns are locked: of two commits that concern the same one,
    -- the later one has the greater id.
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Rows of transactions that were still running when others were read are found by it.
    transaction xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- The id of the node in the table writer.
    node        uuid NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Rooms with new events, and the first and last seq of these in each.
    rooms       text[] NOT NULL,
    firsts      bigint[] NOT NULL,
    lasts       bigint[] NOT NULL,
    -- Control events, as JSON.
    control     text[] NOT NULL
);
CREATE INDEX commit_log_transaction ON commit_log (transaction);
CREATE INDEX commit_log_at ON commit_log (at);

-- The greatest id of the rows that were removed. A node that has not read it has missed something.
CREATE TABLE commit_log_removed (id bigint NOT NULL);
CREATE UNIQUE INDEX commit_log_removed_once ON commit_log_removed ((true));
INSERT INTO commit_log_removed VALUES (0);

-- When a node was last alive. The clock is the database's, so that those of the nodes need not agree.
ALTER TABLE writer ADD COLUMN seen_at timestamptz NOT NULL DEFAULT clock_timestamp();

-- Who is connected to which node. The rows of a node that is not alive do not count.
CREATE TABLE connected_user (
    node     uuid NOT NULL REFERENCES writer (id) ON DELETE CASCADE,
    -- Without a reference to the table users, which a copy from another database empties.
    user_id  uuid NOT NULL,
    -- The key under which their name is compared.
    name_key text COLLATE "C" NOT NULL,
    away     boolean NOT NULL,
    -- Of a new guest who has not connected yet: until when their name is kept for them.
    until    timestamptz,
    PRIMARY KEY (node, user_id)
);
CREATE INDEX connected_user_name_key ON connected_user (name_key);
