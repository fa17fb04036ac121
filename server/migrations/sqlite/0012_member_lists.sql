-- Member lists in the order of names, and their lengths: a page costs the same in a room of any size.

-- Guests without a session are no members any more, except of direct rooms. From now on their memberships end with the last
-- session.
DELETE FROM member
WHERE user IN (SELECT id FROM user WHERE kind = 'guest')
  AND user NOT IN (SELECT user FROM session)
  AND room NOT IN (SELECT id FROM room WHERE kind = 'direct');

-- The name of the user.
ALTER TABLE member ADD COLUMN name TEXT NOT NULL DEFAULT '';
UPDATE member SET name = (SELECT name FROM user WHERE user.id = member.user);
DROP INDEX member_room;
CREATE INDEX member_name ON member (room, name, user);
CREATE TRIGGER member_renamed AFTER UPDATE OF name ON user WHEN new.name <> old.name BEGIN
    UPDATE member SET name = new.name WHERE user = new.id;
END;

-- The number of members.
ALTER TABLE room ADD COLUMN members INTEGER NOT NULL DEFAULT 0;
UPDATE room SET members = (SELECT count(*) FROM member WHERE member.room = room.id);
CREATE TRIGGER member_added AFTER INSERT ON member BEGIN
    UPDATE room SET members = members + 1 WHERE id = new.room;
END;
CREATE TRIGGER member_removed AFTER DELETE ON member BEGIN
    UPDATE room SET members = members - 1 WHERE id = old.room;
END;

-- Keys of guests' names that SQL computed may differ from those that the server computes. NULL until its next start, when it
-- computes them.
UPDATE user SET guest_key = NULL WHERE kind = 'guest' AND name GLOB '*[^!-~]*';
CREATE INDEX user_without_guest_key ON user (id) WHERE kind = 'guest' AND guest_key IS NULL;
