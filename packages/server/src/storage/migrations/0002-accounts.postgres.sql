-- Accounts of this server, the devices they are signed in on, and what their owners keep here.

CREATE TABLE accounts (
  user_nid       BIGINT  NOT NULL PRIMARY KEY,
  password_hash  TEXT,                          -- Argon2id as a PHC string, or an imported bcrypt hash; null: none
  created_ts     BIGINT  NOT NULL,
  is_admin       BIGINT  NOT NULL DEFAULT 0,
  is_guest       BIGINT  NOT NULL DEFAULT 0,
  is_deactivated BIGINT  NOT NULL DEFAULT 0,
  is_locked      BIGINT  NOT NULL DEFAULT 0,    -- may only log out
  is_suspended   BIGINT  NOT NULL DEFAULT 0,    -- may read, but not act on others
  user_type      TEXT                           -- null: a person; else what an administrator calls the account
);

CREATE TABLE profiles (
  user_nid    BIGINT  NOT NULL PRIMARY KEY,
  displayname TEXT,
  avatar_url  TEXT,
  fields      TEXT    NOT NULL DEFAULT '{}',    -- JSON object of all other fields
  version     BIGINT  NOT NULL DEFAULT 0        -- one more per change; a writer that read an older one starts again
);

CREATE TABLE devices (
  user_nid             BIGINT  NOT NULL,
  device_id            TEXT    NOT NULL,
  display_name         TEXT,
  created_ts           BIGINT  NOT NULL,
  last_seen_ts         BIGINT,                 -- as much as a few minutes behind
  last_seen_ip         TEXT,
  last_seen_user_agent TEXT,
  PRIMARY KEY (user_nid, device_id)
);

-- Tokens are stored as SHA-256 of what the client sends, so that a stolen copy of the database opens no account.
CREATE TABLE access_tokens (
  token_hash         BYTEA   NOT NULL PRIMARY KEY,
  user_nid           BIGINT  NOT NULL,
  device_id          TEXT,                      -- null: bound to no device
  created_ts         BIGINT  NOT NULL,
  expires_ts         BIGINT,                   -- null: never
  validated_ts       BIGINT  NOT NULL,          -- when its holder last proved to be the account's owner
  refresh_token_hash BYTEA,                      -- the refresh token given out beside it
  is_used            BIGINT  NOT NULL DEFAULT 1 -- 0: came from a refresh, and its first use will end what it replaces
);
CREATE INDEX access_tokens_by_device ON access_tokens (user_nid, device_id);
CREATE INDEX access_tokens_by_refresh_token ON access_tokens (refresh_token_hash) WHERE refresh_token_hash IS NOT NULL;

-- A refresh token stays good until its successor, or the access token beside the successor, is first used: a client
-- that lost the answer to its refresh can repeat it.
CREATE TABLE refresh_tokens (
  token_hash         BYTEA   NOT NULL PRIMARY KEY,
  user_nid           BIGINT  NOT NULL,
  device_id          TEXT    NOT NULL,
  expires_ts         BIGINT,                   -- null: never
  session_expires_ts BIGINT,                   -- when the login itself ends, refreshed or not; null: never
  next_token_hash    BYTEA                      -- the successor, once refreshed
);
CREATE INDEX refresh_tokens_by_device ON refresh_tokens (user_nid, device_id);
CREATE INDEX refresh_tokens_by_next ON refresh_tokens (next_token_hash) WHERE next_token_hash IS NOT NULL;

-- User-interactive authentications under way; durable, so that any process can continue what another began.
CREATE TABLE ui_auth_sessions (
  session_id     TEXT    NOT NULL PRIMARY KEY,
  user_nid       BIGINT,                       -- who asked; null where nobody is signed in, as at registration
  method         TEXT    NOT NULL,              -- what is to be done: stages completed for one request are no good
  path           TEXT    NOT NULL,              --   for another
  request_digest BYTEA   NOT NULL,              -- SHA-256 of the request's parameters, passwords left out
  parameters     TEXT    NOT NULL,              -- JSON: the parameters, passwords left out
  completed      TEXT    NOT NULL,              -- JSON: what each completed stage found out
  outcome        TEXT,                          -- JSON: what the request did, so that a repeated one can answer again
  expires_ts     BIGINT  NOT NULL
);
CREATE INDEX ui_auth_sessions_by_expiry ON ui_auth_sessions (expires_ts);

-- Filters as clients upload them. Equal ones share an ID, since clients upload the same filter at every start.
CREATE TABLE filters (
  user_nid  BIGINT  NOT NULL,
  filter_id BIGINT  NOT NULL,
  digest    BYTEA   NOT NULL,                   -- SHA-256 of the canonical JSON
  json      TEXT    NOT NULL,
  PRIMARY KEY (user_nid, filter_id)
);
CREATE UNIQUE INDEX filters_by_digest ON filters (user_nid, digest);

CREATE TABLE account_data (
  user_nid BIGINT  NOT NULL,
  room_nid BIGINT  NOT NULL,                    -- 0: global
  type     TEXT    NOT NULL,
  content  TEXT    NOT NULL,                    -- JSON object
  position BIGINT  NOT NULL,                    -- of its last change
  PRIMARY KEY (user_nid, room_nid, type)
);
CREATE INDEX account_data_by_position ON account_data (user_nid, position);
