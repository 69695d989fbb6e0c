/** Tables of migration 0007: jobs, and what deleting takes. */
export interface PurgingTables {
  jobs: {
    job_id: string
    kind: string
    resource: string | null
    status: string
    parameters: string
    cursor: string | null
    result: string | null
    error: string | null
    due_ts: number
    updated_ts: number
    finished_ts: number | null
    steps: number
  }
  redacted_events: { event_nid: number; room_nid: number; redacted_ts: number }
  departures: { user_nid: number; position: number; room_id: string }
  blocked_rooms: { room_id: string; blocked_by: string; blocked_ts: number }
}
