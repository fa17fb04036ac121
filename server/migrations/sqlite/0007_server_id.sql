-- Part of the name of the session cookie, because browsers send cookies to all ports of a host: servers on the same host
-- name must not overwrite each other's.
ALTER TABLE server_settings ADD COLUMN server_id TEXT;
UPDATE server_settings SET server_id = lower(hex(randomblob(4)));
