-- Who permits whom: the edges of the rooms' auth chains, and a cover of them by chains. All of it is derived from the
-- events by a follower of the change log, after they are durable; an event without cover is as good as any other.

-- How far a follower of the change log has come.
CREATE TABLE followers (
  name     TEXT   NOT NULL PRIMARY KEY,
  position BIGINT NOT NULL,   -- everything up to it is done
  version  BIGINT NOT NULL    -- one more per commit: of two processes that do the same work one is refused
);

-- From an event to the state events that name it among their auth events; not where that goes without saying, as it
-- does for the create events of room version 12.
CREATE TABLE auth_edges (
  room_nid   BIGINT NOT NULL,
  cited_nid  BIGINT NOT NULL,
  citing_nid BIGINT NOT NULL,
  PRIMARY KEY (room_nid, cited_nid, citing_nid)
);

-- Each state event stands in one chain of its room: those before it there are in its auth chain. An event that is
-- covered has an auth chain that is covered as a whole.
CREATE TABLE auth_chains (
  room_nid  BIGINT NOT NULL,
  chain_id  BIGINT NOT NULL,
  seq       BIGINT NOT NULL,   -- from 1, without gaps
  event_nid BIGINT NOT NULL,
  depth     BIGINT NOT NULL,   -- one more than the greatest of its auth events, the create event counted in
  PRIMARY KEY (room_nid, chain_id, seq)
);
CREATE UNIQUE INDEX auth_chains_by_event ON auth_chains (event_nid);

-- What an event's auth chain holds of other chains: all up to the target. Not kept where other links lead there anyway.
CREATE TABLE auth_chain_links (
  room_nid     BIGINT NOT NULL,
  origin_chain BIGINT NOT NULL,
  origin_seq   BIGINT NOT NULL,
  target_chain BIGINT NOT NULL,
  target_seq   BIGINT NOT NULL,
  PRIMARY KEY (room_nid, origin_chain, origin_seq, target_chain)
);

-- How far a room is covered.
CREATE TABLE auth_cover (
  room_nid   BIGINT NOT NULL PRIMARY KEY,
  root       BIGINT NOT NULL,   -- a state of the room all of whose events are covered
  next_chain BIGINT NOT NULL
);
