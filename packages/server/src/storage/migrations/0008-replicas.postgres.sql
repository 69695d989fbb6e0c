-- The processes that serve this database, so that they find each other. Rewritten every few seconds by each.
CREATE TABLE replicas (
  replica_id   TEXT   NOT NULL PRIMARY KEY,   -- drawn anew at each start
  address      TEXT   NOT NULL,               -- URL at which the others reach it, without a slash at its end
  heartbeat_ts BIGINT NOT NULL                -- when it was last alive, in ms since the epoch
) WITH (fillfactor = 50);
