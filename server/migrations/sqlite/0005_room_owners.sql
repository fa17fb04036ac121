-- The owner of a room is a member with the role owner, at most one for each room. At first it is the creator.
UPDATE member SET role = 'owner'
WHERE EXISTS (SELECT 1 FROM room
              WHERE room.id = member.room AND room.created_by = member.user AND room.kind <> 'direct');
CREATE UNIQUE INDEX member_owner ON member (room) WHERE role = 'owner';

-- Invites for a role that their creator could not assign are void, and those of people who are banned.
UPDATE invite SET revoked_at = CAST(unixepoch('subsec') * 1000 AS INTEGER)
WHERE revoked_at IS NULL
  AND (invite.role = 'admin' AND EXISTS (SELECT 1 FROM user WHERE user.id = invite.made_by AND user.role <> 'owner')
       OR EXISTS (SELECT 1 FROM ban WHERE ban.user = invite.made_by AND ban.lifted_at IS NULL
                      AND (ban.until IS NULL OR ban.until > CAST(unixepoch('subsec') * 1000 AS INTEGER))));
