-- What a room's graph holds besides its events: where it is not known any further back, and what resolution undid.

-- Backward extremities: events that known events name as their prev_events and that are not known here themselves.
CREATE TABLE backward_extremities (
  room_nid INTEGER NOT NULL,
  event_id TEXT    NOT NULL,
  depth    INTEGER NOT NULL,   -- local depth that the missing event may have at most: one below its known successors
  PRIMARY KEY (room_nid, event_id)
) STRICT, WITHOUT ROWID;

-- State resets: entries of a room's current state that resolution took away or set back although no event said so. Kept
-- so that an administrator can see what happened to a room, and because of which events.
CREATE TABLE state_resets (
  room_nid        INTEGER NOT NULL,
  position        INTEGER NOT NULL,   -- of the event whose arrival made the room resolve its state
  type            TEXT    NOT NULL,
  state_key       TEXT    NOT NULL,
  resolved_event  TEXT,              -- what is in the state now; null: nothing
  lost_events     TEXT    NOT NULL,   -- JSON array of event IDs: what is no longer in the state
  events_at_fault TEXT    NOT NULL,   -- JSON array of event IDs: what in the resolved state stands against them
  noticed_ts      INTEGER NOT NULL,
  PRIMARY KEY (room_nid, position, type, state_key)
) STRICT, WITHOUT ROWID;
