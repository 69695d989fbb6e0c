import type { ColumnType } from 'kysely'

/** A column with a default: optional when inserting. */
type Defaulted<T> = ColumnType<T, T | undefined, T>

/** Tables of migration 0004: push rules, what has been read and what is unread. */
export interface NotificationTables {
  push_rules: {
    user_nid: number
    version: number
    position: number
    has_personal: number
    rules: string
  }
  push_rule_history: {
    user_nid: number
    until: number
    rules: string
  }
  unread_counters: {
    room_nid: number
    position: number
    thread: string
    matched: number
    counts: string
    is_retracted: Defaulted<number>
  }
  unread_deviations: {
    user_nid: number
    room_nid: number
    position: number
    thread: string
    matched: number
    notify: number
    highlight: number
  }
  read_positions: {
    user_nid: number
    room_nid: number
    thread: string
    position: number
  }
  receipts: {
    room_nid: number
    user_nid: number
    receipt_type: string
    thread: string
    event_id: string
    event_position: number | null
    ts: number
    position: number
  }
}
