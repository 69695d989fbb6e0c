import type { ColumnType } from 'kysely'

/** A column with a default: optional when inserting. */
type Defaulted<T> = ColumnType<T, T | undefined, T>

/** Tables of migration 0003: rooms, their events and their state. */
export interface RoomTables {
  rooms: {
    room_nid: number
    room_id: string
    version: string
    creator_nid: number | null
    created_ts: number
    is_published: Defaulted<number>
  }
  room_heads: {
    room_nid: number
    version: number
    forward_extremities: string
    state_root: number
    next_chunk: number
    depth: number
    position: number
    joined_members: number
    invited_members: number
  }
  room_states: { room_nid: number; position: number; root: number }
  state_nodes: { room_nid: number; chunk_id: number; bytes: Uint8Array }
  events: {
    event_nid: number
    event_id: string
    room_nid: number
    position: number | null
    depth: number
    type: string
    state_key: string | null
    sender_nid: number
    origin_server_ts: number
    status: number
    is_partial: Defaulted<number>
    state_before: number | null
    state_after: number | null
    redacted_by: number | null
    txn_device_id: string | null
    txn_id: string | null
    json: string
    received_ts: Defaulted<number>
  }
  redactions: { room_nid: number; redacts_event_id: string; event_nid: number }
  memberships: {
    room_nid: number
    user_nid: number
    membership: string
    event_nid: number
    position: number
    is_local: number
    is_forgotten: Defaulted<number>
  }
  joined_servers: { room_nid: number; server_name: string; joined_members: number; left_position: number | null }
  room_aliases: { alias: string; room_nid: number; creator_nid: number | null; created_ts: number }
}
