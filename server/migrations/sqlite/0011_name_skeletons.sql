-- What names look like, whatever their scripts (UTS #39). NULL until the server has computed it, at its next start.
ALTER TABLE account ADD COLUMN name_skeleton TEXT;
ALTER TABLE account ADD COLUMN shown_skeleton TEXT;
CREATE INDEX account_name_skeleton ON account (name_skeleton);
CREATE INDEX account_shown_skeleton ON account (shown_skeleton);
