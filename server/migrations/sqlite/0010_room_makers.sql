-- How many rooms someone has created.
CREATE INDEX room_created_by ON room (created_by);
