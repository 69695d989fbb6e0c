-- Push rules, what has been read, and what is unread.

-- Users' push rules, as far as they are other than the server's.
CREATE TABLE push_rules (
  user_nid     BIGINT NOT NULL PRIMARY KEY,
  version      BIGINT NOT NULL,   -- one more per change; a writer that read an older one starts again
  position     BIGINT NOT NULL,   -- of the last change
  has_personal BIGINT NOT NULL,   -- whether there are rules of the user's own that look at events
  rules        TEXT    NOT NULL    -- JSON, see stored-push-rules.ts
);

-- What held before a change of the rules that users share: events are counted by the rules of their time.
CREATE TABLE push_rule_history (
  user_nid BIGINT NOT NULL,
  until    BIGINT NOT NULL,       -- position up to which they held
  rules    TEXT    NOT NULL,
  PRIMARY KEY (user_nid, until)
);

-- For each timeline event: which of the server's rules match it, and how many of its thread's events, up to it, match
-- which. One row serves all members: what it is to a member is for the member's rules to say.
CREATE TABLE unread_counters (
  room_nid     BIGINT NOT NULL,
  position     BIGINT NOT NULL,   -- of the event
  thread       TEXT    NOT NULL,   -- event ID of its root, or main
  matched      BIGINT NOT NULL,   -- bits, see shared-rules.ts
  counts       TEXT    NOT NULL,   -- JSON [[bits, number of events], ...]
  is_retracted BIGINT NOT NULL DEFAULT 0,   -- the event has been redacted
  PRIMARY KEY (room_nid, position)
);
CREATE INDEX unread_counters_by_thread ON unread_counters (room_nid, thread, position);
CREATE INDEX unread_counters_retracted ON unread_counters (room_nid, position) WHERE is_retracted = 1;

-- What an event is to a member whom it concerns in another way than the server's rules alone say.
CREATE TABLE unread_deviations (
  user_nid  BIGINT NOT NULL,
  room_nid  BIGINT NOT NULL,
  position  BIGINT NOT NULL,      -- of the event
  thread    TEXT    NOT NULL,
  matched   BIGINT NOT NULL,      -- as in unread_counters
  notify    BIGINT NOT NULL,
  highlight BIGINT NOT NULL,
  PRIMARY KEY (user_nid, room_nid, position)
);
CREATE INDEX unread_deviations_by_room ON unread_deviations (room_nid, position);

-- Up to where users have read: by a receipt of either kind, by sending, or because they have joined only then.
CREATE TABLE read_positions (
  user_nid BIGINT NOT NULL,
  room_nid BIGINT NOT NULL,
  thread   TEXT    NOT NULL,       -- empty: all threads
  position BIGINT NOT NULL,
  PRIMARY KEY (user_nid, room_nid, thread)
);
CREATE INDEX read_positions_by_room ON read_positions (room_nid);

CREATE TABLE receipts (
  room_nid       BIGINT NOT NULL,
  user_nid       BIGINT NOT NULL,
  receipt_type   TEXT    NOT NULL,
  thread         TEXT    NOT NULL,   -- empty: all threads
  event_id       TEXT    NOT NULL,
  event_position BIGINT,            -- null: not in the timeline here
  ts             BIGINT NOT NULL,
  position       BIGINT NOT NULL,   -- of the receipt's last change
  PRIMARY KEY (room_nid, user_nid, receipt_type, thread)
);
CREATE INDEX receipts_by_position ON receipts (room_nid, position);
