import { type EventId, getRoomVersion, type Pdu, parseEventId, parseRoomId, type RoomVersion } from '@magik/protocol'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { SqliteDatabase } from '../../../platform/database/sqlite/sqlite-database.ts'
import { AuthChainStore, type CoverRow, UNCOVERED } from '../../../storage/auth-chain-store.ts'
import { AuthEdgeStore } from '../../../storage/auth-edge-store.ts'
import type { Schema } from '../../../storage/schema.ts'
import type { StoredEvent } from '../../../storage/stored-event.ts'
import { AuthChains } from './auth-chains.ts'
import type { AuthEventSource, AuthRoom } from './auth-references.ts'
import { CoverPlan } from './cover-plan.ts'
import { uncoveredEvents } from './uncovered-events.ts'

/** For tests: a database with the stores of auth chains. */
export async function authChainDatabase() {
  const folder = await mkdtemp(join(tmpdir(), 'magik-auth-chains-'))
  const database = await SqliteDatabase.open<Schema>({
    path: join(folder, 'test.db'),
    migrations: new URL('../../../storage/migrations/', import.meta.url),
    synchronous: 'OFF',
    strictReads: true,
  })
  onTestFinished(async () => {
    await database.close()
    await rm(folder, { recursive: true })
  })
  return { database, authChainStore: new AuthChainStore(database), authEdgeStore: new AuthEdgeStore(database) }
}

/** For tests: a room's state events, of which only the auth events matter. The first is the create event. */
export class AuthGraph implements AuthEventSource {
  readonly room: AuthRoom
  readonly chains: AuthChains
  readonly #deps: Awaited<ReturnType<typeof authChainDatabase>>
  readonly #events = new Map<number, { readonly event: StoredEvent; readonly pdu: Pdu }>()
  readonly #nids = new Map<EventId, number>()
  readonly #authNids = new Map<number, readonly number[]>()
  #cover: CoverRow = UNCOVERED

  constructor(deps: Awaited<ReturnType<typeof authChainDatabase>>, roomNid: number, versionId: '11' | '12') {
    this.#deps = deps
    const version = getRoomVersion(versionId) as RoomVersion
    const createId = this.#idOf(roomNid * 1_000_000)
    const roomId = parseRoomId(versionId === '12' ? `!${createId.slice(1)}` : `!room${roomNid}:example.org`)
    this.room = { roomNid, roomId, version }
    this.chains = new AuthChains({ ...deps, events: this })
    this.add([])
  }

  #idOf(eventNid: number): EventId {
    return parseEventId(`$${Buffer.alloc(32, eventNid.toString()).toString('base64url')}`)
  }

  /** Adds an event that names others, by their indexes. @returns its number. */
  add(authIndexes: readonly number[]): number {
    const index = this.#events.size
    const eventNid = this.nid(index)
    const isImplied = this.room.version.createEventIn === 'room-id'
    const named = authIndexes.filter((each) => !(isImplied && each === 0)).map((each) => this.nid(each))
    this.#authNids.set(eventNid, isImplied && index > 0 ? [...new Set([this.nid(0), ...named])] : named)
    const eventId = this.#idOf(eventNid)
    this.#nids.set(eventId, eventNid)
    const pdu = { type: 'm.test', state_key: '', auth_events: named.map((nid) => this.#idOf(nid)) } as unknown as Pdu
    const event = { eventNid, eventId, roomNid: this.room.roomNid, stateKey: '' } as unknown as StoredEvent
    this.#events.set(eventNid, { event, pdu })
    return eventNid
  }

  nid(index: number): number {
    return this.room.roomNid * 1_000_000 + index
  }

  /** Covers some events with their auth chains. */
  async cover(eventNids: readonly number[]): Promise<void> {
    const plan = new CoverPlan(this.#deps, this.room.roomNid, this.#cover)
    const { uncovered, covered } = await uncoveredEvents({ ...this.#deps, events: this }, this.room, eventNids, 1e6)
    for (const reference of uncovered) await plan.add(reference, covered)
    await this.#deps.database.write({ statements: plan.writes })
    this.#cover = { ...this.#cover, nextChain: plan.nextChain }
  }

  /** Events with their auth chains, as the graph has them. */
  closure(eventNids: Iterable<number>): Set<number> {
    const reached = new Set<number>()
    const pending = [...eventNids]
    for (let nid = pending.pop(); nid !== undefined; nid = pending.pop()) {
      if (reached.has(nid)) continue
      reached.add(nid)
      pending.push(...(this.#authNids.get(nid) ?? []))
    }
    return reached
  }

  /** The auth chains of events, as the graph has them. */
  chain(eventNids: Iterable<number>): Set<number> {
    return this.closure([...eventNids].flatMap((nid) => this.#authNids.get(nid) ?? []))
  }

  async getMany(eventNids: Iterable<number>): Promise<Map<number, StoredEvent>> {
    const found = [...eventNids].flatMap((nid) => this.#events.get(nid)?.event ?? [])
    return new Map(found.map((event) => [event.eventNid, event]))
  }

  async findManyForWriting(eventIds: Iterable<EventId>): Promise<Map<EventId, StoredEvent>> {
    const nids = [...eventIds].flatMap((eventId) => this.#nids.get(eventId) ?? [])
    return new Map([...(await this.getMany(nids)).values()].map((event) => [event.eventId, event]))
  }

  pdu({ eventNid }: StoredEvent): Pdu {
    const found = this.#events.get(eventNid)
    if (found === undefined) throw new Error(`no event ${eventNid}`)
    return found.pdu
  }
}
