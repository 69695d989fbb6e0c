import type { EventAudience } from '../events/client-events.ts'
import type { SyncFilter } from './sync-filter.ts'

/** For whom a sync response is made, and what of it they want. */
export interface SyncReader extends EventAudience {
  readonly filter: SyncFilter
  /** Names the device among all. */
  readonly deviceKey: string
}

/** The span of the stream that a response covers; `since` is undefined for an initial sync. */
export interface SyncSpan {
  readonly since: number | undefined
  readonly upTo: number
  /** Tell the whole state, as if nothing had been told before. */
  readonly isFullState: boolean
}
