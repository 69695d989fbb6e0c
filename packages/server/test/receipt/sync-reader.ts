import type { RoomId, UserId } from '@magik/protocol'
import { createSync } from '../../src/composition/sync.ts'
import { NO_SYNC_FILTER } from '../../src/services/sync/sync-filter.ts'
import { parseStreamToken } from '../../src/services/sync/stream-token.ts'
import type { sharedRoom } from './shared-room.ts'

/** One event of a sync response, as far as tests look at it. */
export interface SyncedEvent {
  readonly event_id: string
  readonly type: string
  readonly state_key?: string
  readonly content: Record<string, unknown>
}

/** One room of a sync response. */
export interface SyncedRoom {
  readonly timeline: { readonly events: readonly SyncedEvent[]; readonly limited: boolean }
  readonly state: { readonly events: readonly SyncedEvent[] }
  readonly summary?: Record<string, unknown>
}

interface SyncResponse {
  readonly next_batch: string
  readonly rooms?: Partial<Record<'join' | 'leave', Record<string, SyncedRoom>>>
}

/** A client of a local user that follows a room. */
export class SyncReader {
  readonly #shared: Awaited<ReturnType<typeof sharedRoom>>
  readonly #sync: ReturnType<typeof createSync>['syncService']
  readonly #userId: UserId
  since: string | undefined

  constructor(shared: Awaited<ReturnType<typeof sharedRoom>>, userId: UserId) {
    this.#shared = shared
    this.#sync = createSync(shared.foundations, shared.stores, shared.core).syncService
    this.#userId = userId
  }

  /** What is new since the last time. */
  async next(): Promise<SyncResponse> {
    const { userNumbers } = this.#shared
    const userNid = (await userNumbers.find(this.#userId))!
    const body = await this.#sync.sync({
      reader: { userId: this.#userId, userNid, deviceId: 'D', deviceKey: this.#userId, filter: NO_SYNC_FILTER },
      since: this.since === undefined ? undefined : parseStreamToken(this.since),
      fullState: false,
      timeoutMs: 0,
      signal: new AbortController().signal,
    })
    const response = JSON.parse(body) as SyncResponse
    this.since = response.next_batch
    return response
  }

  /** What is new in a room that the user is in. */
  async joined(roomId: RoomId): Promise<SyncedRoom | undefined> {
    return (await this.next()).rooms?.join?.[roomId]
  }
}
