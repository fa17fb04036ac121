-- Settings that the owner changes while the server runs. One row; NULL is the default.
CREATE TABLE server_settings (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    name    TEXT,
    -- guests, accounts or invitation.
    entry   TEXT,
    -- The id of the picture.
    picture TEXT
) STRICT;
INSERT INTO server_settings (id) VALUES (1);

-- The server's picture as square PNGs, one row for each size.
CREATE TABLE server_picture (
    picture TEXT NOT NULL,
    -- Width and height in pixels.
    side    INTEGER NOT NULL,
    png     BLOB NOT NULL,
    PRIMARY KEY (picture, side)
) STRICT;
