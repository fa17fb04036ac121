-- A copy from another database that has begun. Servers do not start until it is complete.
CREATE TABLE transfer (
    started_at   bigint NOT NULL,
    completed_at bigint
);
-- At most one row.
CREATE UNIQUE INDEX transfer_once ON transfer ((true));
