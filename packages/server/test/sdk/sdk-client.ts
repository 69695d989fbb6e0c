import {
  ClientEvent,
  createClient,
  EventTimeline,
  Filter,
  type MatrixClient,
  type MatrixEvent,
  PendingEventOrdering,
  type Room,
  RoomEvent,
  SyncState,
} from 'matrix-js-sdk'
import { type Logger, logger } from 'matrix-js-sdk/lib/logger.js'
import { onTestFinished } from 'vitest'
import { until } from '../harness/index.ts'

/** Timeline events asked for at once: as many as may come between two answers, and more than the server gives. */
const TIMELINE_LIMIT = 100

const SYNC_DEADLINE_MS = 30_000

/** One user of an app built on matrix-js-sdk. */
export class SdkUser {
  readonly client: MatrixClient
  readonly userId: string
  /** IDs of the messages that the SDK announced as they came, by room and in order. */
  readonly #announced = new Map<string, string[]>()

  private constructor(client: MatrixClient) {
    this.client = client
    this.userId = client.getSafeUserId()
    client.on(RoomEvent.Timeline, (event, room, _toStart, _removed, data) => {
      if (room === undefined || !data.liveEvent || !isMessage(event)) return
      this.#announced.set(room.roomId, [...this.announced(room.roomId), event.getId() ?? ''])
    })
  }

  /** Registers an account, logs in with its password, and starts syncing. */
  static async register(baseUrl: string, localpart: string): Promise<SdkUser> {
    silenceSharedLogger()
    const anybody = createClient({ baseUrl, logger: silent })
    const password = `${localpart}'s secret`
    await anybody.registerRequest({
      username: localpart,
      password,
      inhibit_login: true,
      auth: { type: 'm.login.dummy' },
    })
    const login = await anybody.loginRequest({
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: localpart },
      password,
    })
    const user = new SdkUser(
      createClient({
        baseUrl,
        userId: login.user_id,
        accessToken: login.access_token,
        deviceId: login.device_id,
        logger: silent,
      }),
    )
    await user.#start()
    return user
  }

  announced(roomId: string): readonly string[] {
    return this.#announced.get(roomId) ?? []
  }

  /** The room as the SDK knows it. */
  room(roomId: string): Room {
    const room = this.client.getRoom(roomId)
    if (room === null) throw new Error(`${this.userId} does not know the room ${roomId}`)
    return room
  }

  /** Texts of the messages in the room's live timeline, oldest first. */
  texts(roomId: string): string[] {
    return this.#messages(roomId).map((event) => String(event.getContent()['body']))
  }

  /** IDs of all messages of a room, paging back as far as there is anything: what a person sees who scrolls up. */
  async scrolledUp(roomId: string): Promise<string[]> {
    const timeline = this.room(roomId).getLiveTimeline()
    while (timeline.getPaginationToken(EventTimeline.BACKWARDS) !== null) {
      const hasMore = await this.client.paginateEventTimeline(timeline, { backwards: true, limit: TIMELINE_LIMIT })
      if (!hasMore) break
    }
    return this.#messages(roomId).map((event) => event.getId() ?? '')
  }

  /** Whether the SDK is in touch with the server; if not, has it try at once rather than in some seconds. */
  isSyncing(): boolean {
    const isSyncing = this.client.getSyncState() === SyncState.Syncing
    if (!isSyncing) this.client.retryImmediately()
    return isSyncing
  }

  async #start(): Promise<void> {
    const { client } = this
    onTestFinished(() => client.stopClient())
    let isPrepared = false
    client.on(ClientEvent.Sync, (state) => {
      if (state === SyncState.Prepared) isPrepared = true
    })
    await client.startClient({
      initialSyncLimit: TIMELINE_LIMIT,
      // The limit above is for the first answer only.
      filter: Filter.fromJson(this.userId, '', { room: { timeline: { limit: TIMELINE_LIMIT } } }),
      pendingEventOrdering: PendingEventOrdering.Detached,
      pollTimeout: 20_000,
      disablePresence: true,
    })
    await until(`${this.userId} has synced`, () => isPrepared, SYNC_DEADLINE_MS)
  }

  #messages(roomId: string): MatrixEvent[] {
    return this.room(roomId).getLiveTimeline().getEvents().filter(isMessage)
  }
}

function isMessage(event: MatrixEvent): boolean {
  return event.getType() === 'm.room.message'
}

/** Parts of the SDK do not know the client's logger: they write to one that all share, whose type hides its level. */
function silenceSharedLogger(): void {
  if ('setLevel' in logger && typeof logger.setLevel === 'function') logger.setLevel('silent')
  // Those whom it begets have a level of their own.
  logger.getChild = () => silent
}

const ignore = (): void => {}

const silent: Logger = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  getChild: () => silent,
}
