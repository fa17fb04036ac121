-- What a message says now stands in the row of the event that made it: one row a message instead of two in two trees, and
-- so half the pages to write for each commit. Empty for events of other kinds, and when the content is gone.

ALTER TABLE event ADD COLUMN body TEXT;
ALTER TABLE event ADD COLUMN html TEXT;
-- The version of the renderer that made the HTML.
ALTER TABLE event ADD COLUMN html_version INTEGER;
ALTER TABLE event ADD COLUMN reply_to BLOB;

UPDATE event
SET body = message.body, html = message.html, html_version = message.html_version, reply_to = message.reply_to
FROM message
WHERE message.room = event.room AND message.seq = event.seq;

DROP TABLE message;
