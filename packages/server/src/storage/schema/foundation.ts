/** Tables of migration 0001: the one sequence, the log of changes, the numbers behind text ids. */
export interface FoundationTables {
  meta: { key: string; value: string }
  stream: { id: number; position: number }
  numbers: { kind: string; next: number }
  users: { user_nid: number; user_id: string }
  changes: {
    position: number
    kind: number
    room_nid: number | null
    user_nid: number | null
    ref: number | null
  }
}
