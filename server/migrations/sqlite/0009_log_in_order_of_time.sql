-- The log in the order in which it was written, so that SQLite never moves a row to another page: a copy of a row that was
-- moved would stay in unused bytes, and what was deleted with it. Content is deleted by overwriting it in place, with as many
-- zeros; the message then has the kind 'removed'.
CREATE TABLE log (
    -- The order over all rooms.
    position     INTEGER PRIMARY KEY,
    room         TEXT NOT NULL,
    seq          INTEGER NOT NULL,
    id           BLOB NOT NULL,
    at           INTEGER NOT NULL,
    author       BLOB NOT NULL,
    kind         TEXT NOT NULL,
    -- What the command said, as a hash: the same id with other content is refused. Zeros when the content was deleted, because
    -- a short text could be guessed from it.
    digest       BLOB NOT NULL,
    body         TEXT,
    html         TEXT,
    -- The version of the renderer that made the HTML.
    html_version INTEGER,
    reply_to     BLOB,
    -- Whom an event of a membership is about, and what one says besides.
    subject      BLOB,
    detail       TEXT
) STRICT;

INSERT INTO log (room, seq, id, at, author, kind, digest, body, html, html_version, reply_to, subject, detail)
SELECT room, seq, id, at, author, iif(kind = 'message' AND body IS NULL, 'removed', kind),
       iif(kind = 'message' AND body IS NULL, zeroblob(16), digest),
       body, html, html_version, reply_to, subject, detail
FROM event ORDER BY at, room, seq;

DROP TABLE event;
ALTER TABLE log RENAME TO event;

-- The order of each room: a page or a replay is one range scan.
CREATE UNIQUE INDEX event_seq ON event (room, seq);
-- Exactly once, for ever.
CREATE UNIQUE INDEX event_id ON event (id);
