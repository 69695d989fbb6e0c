import { createHash } from 'node:crypto'
import { join } from 'node:path'
import {
  authEventIds,
  type EventId,
  parseServerName,
  prevEventIds,
  type RoomEvent,
  type RoomId,
  type ServerName,
  SigningKey,
} from '@magik/protocol'
import { createCore } from '../../src/composition/core.ts'
import { createStores } from '../../src/composition/stores.ts'
import { ManualClock } from '../../src/platform/clock/manual-clock.ts'
import { configFromObject } from '../../src/platform/config/index.ts'
import { SqliteDatabase } from '../../src/platform/database/sqlite/sqlite-database.ts'
import { silentLogger } from '../../src/platform/log/logger.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import type { ToldRoomState } from '../../src/services/events/receive/event-source.ts'
import type { Schema } from '../../src/storage/schema.ts'
import type { StoredEvent } from '../../src/storage/stored-event.ts'
import { testConfig } from '../harness/index.ts'

/** Signs nothing: nobody checks. */
class StubbedKey extends SigningKey {
  override sign(): Uint8Array {
    return new Uint8Array(64)
  }
}

/** A homeserver without HTTP: the write path and the room engine on a database of its own. */
export class VirtualServer {
  readonly name: ServerName
  readonly core: ReturnType<typeof createCore>
  readonly #database: SqliteDatabase<Schema>
  /** What the next room's ID is made of. */
  roomSeed = ''

  private constructor(name: ServerName, database: SqliteDatabase<Schema>, folder: string) {
    this.name = name
    this.#database = database
    const foundations = {
      config: configFromObject(testConfig(folder), { cwd: folder }),
      serverName: name,
      clock: new ManualClock(),
      randomBytes: (count: number) => createHash('sha256').update(this.roomSeed).digest().subarray(0, count),
      logger: silentLogger(),
      registry: createMetricsRegistry({ serverName: name, version: '0' }),
      database,
      epoch: 'epoch',
    }
    const signingKey = new StubbedKey('sim', createHash('sha256').update(name).digest())
    this.core = createCore(foundations, createStores(database), { signingKey, treeSeed: new Uint8Array(16) })
  }

  static async start(name: string, folder: string): Promise<VirtualServer> {
    const database = await SqliteDatabase.open<Schema>({
      path: join(folder, `${name}.db`),
      migrations: new URL('../../src/storage/migrations/', import.meta.url),
      synchronous: 'OFF',
    })
    return new VirtualServer(parseServerName(name), database, folder)
  }

  stop(): Promise<void> {
    return this.#database.close()
  }

  /** The room's current state: for each type and state key the event's ID. */
  async state(roomId: RoomId): Promise<Record<string, EventId>> {
    const { rooms, tree, events } = this.core
    const room = await rooms.get(roomId)
    const entries = await tree.entries(room.roomNid, room.stateRoot)
    const found = await events.getMany(entries.map(({ event }) => event))
    const state = entries.map(
      ({ type, stateKey, event }) => [`${type}|${stateKey}`, found.get(event)!.eventId] as const,
    )
    return Object.fromEntries(state.sort(([a], [b]) => (a < b ? -1 : 1)))
  }

  async extremities(roomId: RoomId): Promise<EventId[]> {
    const { heads } = this.core
    return (await heads.find(roomId))!.committed.forwardExtremities.map(({ eventId }) => eventId).sort()
  }

  async event(eventId: EventId): Promise<RoomEvent | undefined> {
    const event = await this.core.events.findForWriting(eventId)
    return event && this.#roomEvent(event)
  }

  /** What it answers to a request for missing events: a walk back, breadth first. */
  async missingEvents(latest: readonly EventId[], earliest: ReadonlySet<EventId>, limit: number): Promise<RoomEvent[]> {
    const found = new Map<EventId, RoomEvent>()
    let wanted = [...latest]
    const isWanted = new Set(latest)
    while (wanted.length > 0 && found.size < limit) {
      const next: EventId[] = []
      for (const eventId of wanted) {
        const event = await this.event(eventId)
        if (event === undefined) continue
        if (!latest.includes(eventId)) found.set(eventId, event)
        for (const parent of prevEventIds(event.pdu)) {
          if (isWanted.has(parent) || earliest.has(parent)) continue
          isWanted.add(parent)
          next.push(parent)
        }
      }
      wanted = next
    }
    return [...found.values()].slice(0, limit)
  }

  /** What it answers to a request for the state after an event. */
  async stateAfter(eventId: EventId): Promise<ToldRoomState | undefined> {
    const { events, tree } = this.core
    const event = await events.findForWriting(eventId)
    if (event?.stateAfter === undefined) return undefined
    const entries = await tree.entries(event.roomNid, event.stateAfter)
    const state = [...(await events.getMany(entries.map((entry) => entry.event))).values()].map((it) =>
      this.#roomEvent(it),
    )
    return { state, authChain: await this.authChain(state) }
  }

  async authChain(of: readonly RoomEvent[]): Promise<RoomEvent[]> {
    const chain = new Map<EventId, RoomEvent>()
    let wanted = of.flatMap(({ pdu }) => authEventIds(pdu))
    while (wanted.length > 0) {
      const next: EventId[] = []
      for (const eventId of wanted) {
        if (chain.has(eventId)) continue
        const event = await this.event(eventId)
        if (event === undefined) continue
        chain.set(eventId, event)
        next.push(...authEventIds(event.pdu))
      }
      wanted = next
    }
    return [...chain.values()]
  }

  #roomEvent(event: StoredEvent): RoomEvent {
    return { eventId: event.eventId, roomId: event.roomId, pdu: this.core.events.pdu(event) }
  }
}
