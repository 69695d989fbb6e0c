import type { Clock } from '../../platform/clock/clock.ts'
import { type AccountDataRow, type AccountDataStore, GLOBAL_ACCOUNT_DATA } from '../../storage/account-data-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { type PushRules, pushRulesContent } from '../push/push-rules.ts'
import type { Rooms } from '../rooms/rooms.ts'
import { renderAccountData } from './account-data-section.ts'
import { matchesEvent, matchesRoom } from './room-event-matcher.ts'
import type { RoomSectionRequest, RoomSections } from './room-section.ts'
import { formatToken, type StreamToken } from './stream-token.ts'
import type { StrippedRooms } from './stripped-room.ts'
import type { SyncReader, SyncSpan } from './sync-reader.ts'
import type { ChangesForUser, UserView, ViewMembership } from './user-view.ts'
import type { UserViews } from './user-views.ts'

/** Longest a client may wait for news. */
const MAX_TIMEOUT_MS = 5 * 60_000

/** Changes of account data read at once; a client further behind gets all of it. */
const MAX_ACCOUNT_DATA = 100

/** A request for what is new. */
export interface SyncRequest {
  readonly reader: SyncReader
  readonly since: StreamToken | undefined
  readonly fullState: boolean
  /** How long to wait when there is nothing new. */
  readonly timeoutMs: number
  /** Aborted when the client has gone or the server is going down. */
  readonly signal: AbortSignal
}

/** What sync stands on. */
export interface SyncServiceDeps {
  readonly log: ChangeLog
  readonly clock: Clock
  readonly views: UserViews
  readonly rooms: Rooms
  readonly events: EventReader
  readonly sections: RoomSections
  readonly strippedRooms: StrippedRooms
  readonly accountDataStore: AccountDataStore
  readonly membershipStore: MembershipStore
  readonly pushRules: PushRules
  readonly epoch: string
  /** Rooms that are never shown. */
  readonly excludedRooms: ReadonlySet<string>
}

/**
 * Answers `/sync`: everything up to one position of the stream, read from the log's tail where it reaches back far
 * enough.
 * @spec client-server-api/#syncing
 */
export class SyncService {
  readonly #deps: SyncServiceDeps
  readonly #initial = new Map<string, Promise<string>>()

  constructor(deps: SyncServiceDeps) {
    this.#deps = deps
  }

  /** The response body; waits for news, at most as long as the client allows. */
  async sync(request: SyncRequest): Promise<string> {
    const { reader, fullState, signal } = request
    const since = this.#usable(request.since)
    if (since === undefined) return this.#shareInitial(reader)
    const deadline = this.#deps.clock.monotonic() + Math.min(request.timeoutMs, MAX_TIMEOUT_MS)
    for (;;) {
      const view = await this.#deps.views.get(reader.userNid)
      const news = new News(view)
      try {
        const span = { since, upTo: this.#deps.log.position, isFullState: fullState }
        const body = await this.#respond(reader, view, span)
        if (body !== undefined) return body
        const remainingMs = deadline - this.#deps.clock.monotonic()
        if (remainingMs <= 0 || signal.aborted) return this.#body(span.upTo, [])
        await news.wait(this.#deps.clock, remainingMs, signal)
      } finally {
        news.stop()
      }
    }
  }

  /**
   * The position to go on from. A token of another incarnation of the database, or from ahead of it, names no place in
   * this stream: its holder is told everything again.
   */
  #usable(token: StreamToken | undefined): number | undefined {
    if (token === undefined || token.epoch !== this.#deps.epoch) return undefined
    return token.position > this.#deps.log.position ? undefined : token.position
  }

  /** Clients that ask twice, having lost patience with the first answer, share the work. */
  #shareInitial(reader: SyncReader): Promise<string> {
    const key = `${reader.deviceKey} ${JSON.stringify(reader.filter)}`
    const underWay = this.#initial.get(key)
    if (underWay !== undefined) return underWay
    const response = this.#initialSync(reader).finally(() => this.#initial.delete(key))
    this.#initial.set(key, response)
    return response
  }

  async #initialSync(reader: SyncReader): Promise<string> {
    const view = await this.#deps.views.get(reader.userNid)
    const span = { since: undefined, upTo: this.#deps.log.position, isFullState: true }
    return (await this.#respond(reader, view, span)) ?? this.#body(span.upTo, [])
  }

  /** The response for a span of the stream; undefined when it holds no news. */
  async #respond(reader: SyncReader, view: UserView, span: SyncSpan): Promise<string | undefined> {
    const changes = await this.#changes(view, span)
    const departures = await this.#departures(reader, view, span)
    if (changes?.rooms.size === 0 && !changes.hasAccountData && departures.length === 0) return undefined
    const accountData = changes?.hasAccountData === false ? NO_ACCOUNT_DATA : await this.#accountData(reader, span)
    const join: string[] = []
    const invite: string[] = []
    const knock: string[] = []
    const leave = departures
    const sectionOf = { join, invite, knock, leave, ban: leave }
    for (const [roomNid, newest] of [...view.rooms]) {
      if (changes !== undefined && !changes.rooms.has(roomNid)) continue
      // One that has changed meanwhile is for the next response, what was before it for this one.
      const membership =
        newest.position <= span.upTo ? newest : await this.#deps.sections.membershipAt(roomNid, reader, span.upTo)
      if (membership === undefined) continue
      const news = {
        accountData: accountData.byRoom.get(roomNid) ?? [],
        hasReceipts: changes?.receiptRooms?.has(roomNid) ?? true,
      }
      const entry = await this.#roomEntry(reader, span, roomNid, membership, news)
      if (entry !== undefined) sectionOf[membership.membership].push(entry)
    }
    const sections: string[] = []
    const rooms = Object.entries({ join, invite, knock, leave }).filter(([, entries]) => entries.length > 0)
    if (rooms.length > 0) {
      sections.push(`"rooms":{${rooms.map(([name, entries]) => `"${name}":{${entries.join(',')}}`).join(',')}}`)
    }
    if (accountData.global !== '') sections.push(`"account_data":{"events":[${accountData.global}]}`)
    return sections.length === 0 && span.since !== undefined && !span.isFullState
      ? undefined
      : this.#body(span.upTo, sections)
  }

  /** Which rooms need looking at; undefined: all of them. */
  async #changes(view: UserView, span: SyncSpan): Promise<ChangesForUser | undefined> {
    if (span.since === undefined || span.isFullState) return undefined
    const remembered = view.changesBetween(span.since, span.upTo)
    if (remembered !== undefined) return remembered
    const rooms = await this.#deps.membershipStore.roomsChangedSince(view.userNid, span.since)
    return { rooms: new Set(rooms), hasAccountData: true, receiptRooms: undefined }
  }

  /** Rooms that are known no more, because they were deleted: the client learns that its user has left. */
  async #departures({ filter }: SyncReader, view: UserView, { since, upTo }: SyncSpan): Promise<string[]> {
    const entries: string[] = []
    for (const [roomId, position] of view.departures) {
      if (since === undefined || position <= since || position > upTo || !matchesRoom(filter.room, roomId)) continue
      // It has been entered anew.
      if ((await this.#deps.rooms.find(roomId)) !== undefined) continue
      const prevBatch = formatToken({ kind: 'stream', epoch: this.#deps.epoch, position })
      entries.push(`${JSON.stringify(roomId)}:{"timeline":{"events":[],"limited":false,"prev_batch":"${prevBatch}"}}`)
    }
    return entries
  }

  async #roomEntry(
    reader: SyncReader,
    span: SyncSpan,
    roomNid: number,
    membership: ViewMembership,
    news: RoomNews,
  ): Promise<string | undefined> {
    const room = await this.#deps.rooms.findByNid(roomNid)
    if (room === undefined) return undefined
    if (!matchesRoom(reader.filter.room, room.roomId) || this.#deps.excludedRooms.has(room.roomId)) return undefined
    const section = await this.#roomSection({ room, reader, span, ...news }, membership)
    return section === undefined ? undefined : `${JSON.stringify(room.roomId)}:${section}`
  }

  async #roomSection(
    request: RoomSectionRequest,
    { membership, eventNid, position, isForgotten }: ViewMembership,
  ): Promise<string | undefined> {
    const { reader, span } = request
    const isNews = span.since === undefined || span.isFullState || position > span.since
    switch (membership) {
      case 'join':
        return this.#deps.sections.joined(request)
      case 'invite':
        if (!isNews) return undefined
        return this.#deps.strippedRooms.section('invite_state', await this.#deps.events.get(eventNid))
      case 'knock':
        if (!isNews) return undefined
        return this.#deps.strippedRooms.section('knock_state', await this.#deps.events.get(eventNid))
      case 'leave':
      case 'ban':
        // A device that has not heard of it learns that its user has left, even if another device forgot the room.
        if (span.since !== undefined && position > span.since) return this.#deps.sections.left(request, position)
        if (!isNews || isForgotten || !reader.filter.room.includeLeave) return undefined
        return this.#deps.sections.left(request, position)
    }
  }

  async #accountData(reader: SyncReader, span: SyncSpan): Promise<AccountDataNews> {
    const rows = await this.#accountDataRows(reader, span)
    const byRoom = Map.groupBy(rows, ({ roomNid }) => roomNid)
    const filter = reader.filter.accountData
    const rendered = [renderAccountData(byRoom.get(GLOBAL_ACCOUNT_DATA) ?? [], filter, reader.userId)]
    if (matchesEvent(filter, { type: 'm.push_rules', sender: reader.userId })) {
      const rules = await this.#deps.pushRules.rules(reader)
      if (span.since === undefined || rules.position > span.since) {
        rendered.push(`{"type":"m.push_rules","content":${pushRulesContent(rules)}}`)
      }
    }
    return { global: rendered.filter((text) => text !== '').join(','), byRoom }
  }

  async #accountDataRows(reader: SyncReader, { since, upTo }: SyncSpan): Promise<AccountDataRow[]> {
    const store = this.#deps.accountDataStore
    if (since === undefined) return store.ofUser(reader.userNid, upTo)
    const changed = await store.changedSince(reader.userNid, since, upTo, MAX_ACCOUNT_DATA)
    if (changed.length < MAX_ACCOUNT_DATA) return changed
    return (await store.ofUser(reader.userNid, upTo)).filter(({ position }) => position > since)
  }

  #body(position: number, sections: readonly string[]): string {
    const nextBatch = formatToken({ kind: 'stream', epoch: this.#deps.epoch, position })
    return `{${[`"next_batch":"${nextBatch}"`, ...sections, DEVICE_SECTIONS].join(',')}}`
  }
}

/** What is new of a room besides its events. */
type RoomNews = Pick<RoomSectionRequest, 'accountData' | 'hasReceipts'>

/** A reader's account data that is news: rendered where it is global, as rows where it belongs to a room. */
interface AccountDataNews {
  readonly global: string
  readonly byRoom: ReadonlyMap<number, AccountDataRow[]>
}

const NO_ACCOUNT_DATA: AccountDataNews = { global: '', byRoom: new Map() }

/** What clients that encrypt look for: this server holds no keys yet. */
const DEVICE_SECTIONS = '"device_one_time_keys_count":{}'

/** Waits for a change that concerns a user; listening begins at once, so that none is missed meanwhile. */
class News {
  readonly #changed: Promise<void>
  readonly stop: () => void

  constructor(view: UserView) {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#changed = promise
    this.stop = view.onceChanged(resolve)
  }

  /** Resolves at the next change, when time is up, or when the signal aborts. */
  async wait(clock: Clock, timeoutMs: number, signal: AbortSignal): Promise<void> {
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    const timer = clock.setTimeout(end, timeoutMs)
    const abort = () => end()
    signal.addEventListener('abort', abort)
    try {
      await Promise.race([this.#changed, ended])
    } finally {
      timer.cancel()
      // A combined signal is never collected while somebody listens to it.
      signal.removeEventListener('abort', abort)
    }
  }
}
