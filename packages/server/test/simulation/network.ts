import type { EventId, RoomEvent, RoomId } from '@magik/protocol'
import type { EventSource, GraphGap, ToldRoomState } from '../../src/services/events/receive/event-source.ts'
import type { Random } from './random.ts'
import type { VirtualServer } from './virtual-server.ts'

/** How badly a network treats what is sent through it. */
export interface NetworkFaults {
  /** Of each message: never to arrive. */
  readonly loss: number
  /** Of each message: to wait a turn, so that later ones overtake it. */
  readonly delay: number
}

interface Delivery {
  readonly to: VirtualServer
  readonly event: RoomEvent
}

/** Carries one room's events between servers: in memory, in whatever order, or not at all. */
export class Network {
  readonly #servers: readonly VirtualServer[]
  readonly #random: Random
  readonly #faults: NetworkFaults
  #waiting: Delivery[] = []
  /** The side of the partition that each server is on. */
  #sides = new Map<VirtualServer, number>()

  constructor(servers: readonly VirtualServer[], random: Random, faults: NetworkFaults) {
    this.#servers = servers
    this.#random = random
    this.#faults = faults
  }

  /** Splits the servers into two sides that do not hear of each other, or unites them. */
  partition(isSplit: boolean): void {
    this.#sides = new Map(this.#servers.map((server) => [server, isSplit ? this.#random.below(2) : 0]))
  }

  /** Sends an event to all other servers. */
  broadcast(from: VirtualServer, event: RoomEvent): void {
    for (const to of this.#servers) {
      if (to === from || !this.#reaches(from, to) || this.#random.chance(this.#faults.loss)) continue
      this.#waiting.push({ to, event })
    }
  }

  /** Delivers what is due, in no order. */
  async deliver(roomId: RoomId): Promise<void> {
    const due: Delivery[] = []
    const later: Delivery[] = []
    for (const delivery of this.#random.shuffled(this.#waiting)) {
      if (this.#random.chance(this.#faults.delay)) later.push(delivery)
      else due.push(delivery)
    }
    this.#waiting = later
    for (const [to, deliveries] of Map.groupBy(due, ({ to }) => to)) {
      await to.core.gapFiller.receive(
        roomId,
        deliveries.map(({ event }) => event),
        this.source(to),
      )
    }
  }

  /** What a server can ask the others for. */
  source(asking: VirtualServer): EventSource {
    const others = () =>
      this.#random.shuffled(this.#servers.filter((other) => other !== asking && this.#reaches(asking, other)))
    const firstAnswer = async <T>(ask: (server: VirtualServer) => Promise<T | undefined>): Promise<T | undefined> => {
      for (const other of others()) {
        const answer = await ask(other)
        if (answer !== undefined) return answer
      }
      return undefined
    }
    return {
      async missingEvents({ latest, earliest, limit }: GraphGap) {
        const found = await firstAnswer(async (server) => {
          const events = await server.missingEvents(latest, new Set(earliest), limit)
          return events.length > 0 ? events : undefined
        })
        return found ?? []
      },
      stateAfter: (_roomId: RoomId, eventId: EventId): Promise<ToldRoomState | undefined> =>
        firstAnswer((server) => server.stateAfter(eventId)),
      async authChain(_roomId: RoomId, eventId: EventId) {
        const found = await firstAnswer(async (server) => {
          const event = await server.event(eventId)
          return event && server.authChain([event])
        })
        return found ?? []
      },
    }
  }

  #reaches(from: VirtualServer, to: VirtualServer): boolean {
    return (this.#sides.get(from) ?? 0) === (this.#sides.get(to) ?? 0)
  }
}
