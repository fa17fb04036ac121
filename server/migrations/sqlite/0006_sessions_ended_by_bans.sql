-- A session from before a ban authenticates nobody any more. It is kept until the ban is over, so that its requests are
-- answered with the ban.
ALTER TABLE session ADD COLUMN ended_by_ban INTEGER NOT NULL DEFAULT 0;
UPDATE session SET ended_by_ban = 1
WHERE EXISTS (SELECT 1 FROM ban WHERE ban.user = session.user AND ban.lifted_at IS NULL
                  AND (ban.until IS NULL OR ban.until > CAST(unixepoch('subsec') * 1000 AS INTEGER)));
