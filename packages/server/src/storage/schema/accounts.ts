import type { ColumnType } from 'kysely'

/** A column with a default: optional when inserting. */
type Defaulted<T> = ColumnType<T, T | undefined, T>

/** Tables of migration 0002: accounts, their devices and tokens, and what their owners keep here. */
export interface AccountTables {
  accounts: {
    user_nid: number
    password_hash: string | null
    created_ts: number
    is_admin: Defaulted<number>
    is_guest: Defaulted<number>
    is_deactivated: Defaulted<number>
    is_locked: Defaulted<number>
    is_suspended: Defaulted<number>
    user_type: string | null
  }
  profiles: {
    user_nid: number
    displayname: string | null
    avatar_url: string | null
    fields: Defaulted<string>
    version: Defaulted<number>
  }
  devices: {
    user_nid: number
    device_id: string
    display_name: string | null
    created_ts: number
    last_seen_ts: number | null
    last_seen_ip: string | null
    last_seen_user_agent: string | null
  }
  access_tokens: {
    token_hash: Uint8Array
    user_nid: number
    device_id: string | null
    created_ts: number
    expires_ts: number | null
    validated_ts: number
    refresh_token_hash: Uint8Array | null
    is_used: Defaulted<number>
  }
  refresh_tokens: {
    token_hash: Uint8Array
    user_nid: number
    device_id: string
    expires_ts: number | null
    session_expires_ts: number | null
    next_token_hash: Uint8Array | null
  }
  ui_auth_sessions: {
    session_id: string
    user_nid: number | null
    method: string
    path: string
    request_digest: Uint8Array
    parameters: string
    completed: string
    outcome: string | null
    expires_ts: number
  }
  filters: { user_nid: number; filter_id: number; digest: Uint8Array | null; json: string }
  account_data: { user_nid: number; room_nid: number; type: string; content: string; position: number }
}
