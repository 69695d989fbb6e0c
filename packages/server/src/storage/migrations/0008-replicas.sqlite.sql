-- The processes that serve this database, so that they find each other. Always empty here: SQLite has but one.
CREATE TABLE replicas (
  replica_id   TEXT    NOT NULL PRIMARY KEY,   -- drawn anew at each start
  address      TEXT    NOT NULL,               -- URL at which the others reach it, without a slash at its end
  heartbeat_ts INTEGER NOT NULL                -- when it was last alive, in ms since the epoch
) STRICT, WITHOUT ROWID;
