/** Tables of migration 0005: the edges of rooms' graphs, and what state resolution undid. */
export interface RoomGraphTables {
  backward_extremities: { room_nid: number; event_id: string; depth: number }
  state_resets: {
    room_nid: number
    position: number
    type: string
    state_key: string
    resolved_event: string | null
    lost_events: string
    events_at_fault: string
    noticed_ts: number
  }
}
