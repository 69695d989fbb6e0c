-- Push rules, what has been read, and what is unread.

-- Users' push rules, as far as they are other than the server's.
CREATE TABLE push_rules (
  user_nid     INTEGER NOT NULL PRIMARY KEY,
  version      INTEGER NOT NULL,   -- one more per change; a writer that read an older one starts again
  position     INTEGER NOT NULL,   -- of the last change
  has_personal INTEGER NOT NULL,   -- whether there are rules of the user's own that look at events
  rules        TEXT    NOT NULL    -- JSON, see stored-push-rules.ts
) STRICT;

-- What held before a change of the rules that users share: events are counted by the rules of their time.
CREATE TABLE push_rule_history (
  user_nid INTEGER NOT NULL,
  until    INTEGER NOT NULL,       -- position up to which they held
  rules    TEXT    NOT NULL,
  PRIMARY KEY (user_nid, until)
) STRICT, WITHOUT ROWID;

-- For each timeline event: which of the server's rules match it, and how many of its thread's events, up to it, match
-- which. One row serves all members: what it is to a member is for the member's rules to say.
CREATE TABLE unread_counters (
  room_nid     INTEGER NOT NULL,
  position     INTEGER NOT NULL,   -- of the event
  thread       TEXT    NOT NULL,   -- event ID of its root, or main
  matched      INTEGER NOT NULL,   -- bits, see shared-rules.ts
  counts       TEXT    NOT NULL,   -- JSON [[bits, number of events], ...]
  is_retracted INTEGER NOT NULL DEFAULT 0,   -- the event has been redacted
  PRIMARY KEY (room_nid, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX unread_counters_by_thread ON unread_counters (room_nid, thread, position);
CREATE INDEX unread_counters_retracted ON unread_counters (room_nid, position) WHERE is_retracted = 1;

-- What an event is to a member whom it concerns in another way than the server's rules alone say.
CREATE TABLE unread_deviations (
  user_nid  INTEGER NOT NULL,
  room_nid  INTEGER NOT NULL,
  position  INTEGER NOT NULL,      -- of the event
  thread    TEXT    NOT NULL,
  matched   INTEGER NOT NULL,      -- as in unread_counters
  notify    INTEGER NOT NULL,
  highlight INTEGER NOT NULL,
  PRIMARY KEY (user_nid, room_nid, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX unread_deviations_by_room ON unread_deviations (room_nid, position);

-- Up to where users have read: by a receipt of either kind, by sending, or because they have joined only then.
CREATE TABLE read_positions (
  user_nid INTEGER NOT NULL,
  room_nid INTEGER NOT NULL,
  thread   TEXT    NOT NULL,       -- empty: all threads
  position INTEGER NOT NULL,
  PRIMARY KEY (user_nid, room_nid, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX read_positions_by_room ON read_positions (room_nid);

CREATE TABLE receipts (
  room_nid       INTEGER NOT NULL,
  user_nid       INTEGER NOT NULL,
  receipt_type   TEXT    NOT NULL,
  thread         TEXT    NOT NULL,   -- empty: all threads
  event_id       TEXT    NOT NULL,
  event_position INTEGER,            -- null: not in the timeline here
  ts             INTEGER NOT NULL,
  position       INTEGER NOT NULL,   -- of the receipt's last change
  PRIMARY KEY (room_nid, user_nid, receipt_type, thread)
) STRICT, WITHOUT ROWID;
CREATE INDEX receipts_by_position ON receipts (room_nid, position);
