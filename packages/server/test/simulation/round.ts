import {
  type EventId,
  getRoomVersion,
  type JsonObject,
  MatrixError,
  parseUserId,
  type RoomEvent,
  type RoomId,
  type UserId,
} from '@magik/protocol'
import type { EventDraft } from '../../src/services/events/event-draft.ts'
import { Network } from './network.ts'
import { Random } from './random.ts'
import type { VirtualServer } from './virtual-server.ts'

/** Events that users send while the network is bad. */
const EVENTS = 40

// Version 1 resolves in a way that need not converge; 2 is like 3, with IDs that are drawn by lot.
const VERSIONS = ['3', '5', '6', '10', '11', '12']

/** What a round came to. */
export interface RoundResult {
  readonly seed: number
  readonly version: string
  /** Each server's state of the room in the end, as text; all equal if all is well. */
  readonly states: readonly string[]
  /** How often an event came where a fork had to be resolved, over all servers. */
  readonly sent: number
}

/**
 * One room, spoken in by users of all servers over a bad network, which then heals: everybody says one thing more, and
 * everybody hears of it.
 */
export async function runRound(servers: readonly VirtualServer[], seed: number): Promise<RoundResult> {
  const round = new Round(servers, seed)
  await round.begin()
  await round.quarrel()
  await round.heal()
  return round.result()
}

class Round {
  readonly #servers: readonly VirtualServer[]
  readonly #seed: number
  readonly #random: Random
  readonly #network: Network
  readonly #version: string
  readonly #users: UserId[]
  #roomId: RoomId | undefined
  #last: EventId | undefined
  #now = 1_700_000_000_000
  #sent = 0

  constructor(servers: readonly VirtualServer[], seed: number) {
    this.#servers = servers
    this.#seed = seed
    this.#random = new Random(seed)
    this.#network = new Network(servers, this.#random, {
      loss: this.#random.next() * 0.3,
      delay: this.#random.next() * 0.5,
    })
    this.#version = this.#random.pick(VERSIONS)
    this.#users = servers.map(({ name }) => parseUserId(`@user:${name}`))
  }

  get #room(): RoomId {
    if (this.#roomId === undefined) throw new Error('there is no room yet')
    return this.#roomId
  }

  /** The first server's administrator makes a room in which everybody is; the others come to know it. */
  async begin(): Promise<void> {
    const [first, ...others] = this.#servers
    const version = getRoomVersion(this.#version)
    if (first === undefined || version === undefined) throw new Error('no server or no room version')
    const creator = admin(first)
    first.roomSeed = `room ${this.#seed}`
    const state = (type: string, content: JsonObject, stateKey = '', sender = creator) =>
      this.#draft({ type, content, stateKey, sender })
    const powers = Object.fromEntries(this.#servers.map((server) => [admin(server), 100]))
    if (version.creatorPower === 'infinite') delete powers[creator]
    const { roomId } = await first.core.eventSender.createRoom({
      creator,
      version,
      drafts: [
        state('m.room.create', { creator, room_version: version.id, seed: this.#seed }),
        state('m.room.member', { membership: 'join' }, creator),
        state('m.room.power_levels', { users: powers, events: { 'm.room.topic': 0 }, invite: 0 }),
        state('m.room.join_rules', { join_rule: 'public' }),
        ...[...others.map(admin), ...this.#users].map((user) =>
          state('m.room.member', { membership: 'join' }, user, user),
        ),
      ],
    })
    this.#roomId = roomId
    const hello = await this.#send(
      first,
      this.#draft({ type: 'm.room.message', content: { body: 'hello' }, sender: creator }),
    )
    const told = hello && (await first.stateAfter(hello.eventId))
    if (hello === undefined || told === undefined) throw new Error('the room was not made')
    for (const server of others) await server.core.roomImports.enter({ ...told, roomId, version, event: hello })
  }

  /** Users act as their own servers let them, each server knowing what has reached it. */
  async quarrel(): Promise<void> {
    for (let event = 0; event < EVENTS; event += 1) {
      if (this.#random.chance(0.1)) this.#network.partition(this.#random.chance(0.6))
      const server = this.#random.pick(this.#servers)
      const sent = await this.#sendSomething(server)
      if (sent !== undefined) this.#network.broadcast(server, sent)
      if (this.#random.chance(0.4)) await this.#network.deliver(this.#room)
    }
  }

  /** Nothing is lost any more; twice round, so that what the first answers brought to light is built upon as well. */
  async heal(): Promise<void> {
    this.#network.partition(false)
    for (const server of this.#servers) await this.#sayToAll(server)
    const [first] = this.#servers
    if (first !== undefined) await this.#sayToAll(first)
  }

  async result(): Promise<RoundResult> {
    const states: string[] = []
    for (const server of this.#servers) {
      const extremities = await server.extremities(this.#room)
      // Where a gap was too wide to be filled, an event from within it may stand as an extremity of its own besides.
      const hasTheLast = this.#last !== undefined && extremities.includes(this.#last)
      const summary = { hasTheLast, state: await server.state(this.#room) }
      states.push(JSON.stringify(summary, null, 1))
    }
    return { seed: this.#seed, version: this.#version, states, sent: this.#sent }
  }

  async #sayToAll(server: VirtualServer): Promise<void> {
    const content = { body: `here is ${server.name}` }
    const event = await this.#send(server, this.#draft({ type: 'm.room.message', content, sender: admin(server) }))
    if (event === undefined)
      throw new Error(`seed ${this.#seed}: the administrator of ${server.name} was not let speak`)
    for (const other of this.#servers) {
      if (other !== server) await other.core.gapFiller.receive(this.#room, [event], this.#network.source(other))
    }
  }

  async #sendSomething(server: VirtualServer): Promise<RoomEvent | undefined> {
    for (let attempt = 0; attempt < 4; attempt += 1) {
      const sent = await this.#send(server, this.#draft(this.#something(server)))
      if (sent !== undefined) return sent
    }
    return undefined
  }

  #something(server: VirtualServer): Omit<EventDraft, 'originServerTs'> {
    const random = this.#random
    const user = parseUserId(`@user:${server.name}`)
    const target = random.pick(this.#users)
    const sender = random.chance(0.5) ? admin(server) : user
    const member = (membership: string, stateKey: UserId, by = sender) => {
      return { type: 'm.room.member', stateKey, content: { membership }, sender: by }
    }
    const state = (type: string, content: JsonObject) => ({ type, stateKey: '', content, sender })
    return random.pick<() => Omit<EventDraft, 'originServerTs'>>([
      () => ({ type: 'm.room.message', content: { body: `${random.below(1_000)}` }, sender }),
      () => state('m.room.topic', { topic: `${random.below(1_000)}` }),
      () => state('m.room.name', { name: `${random.below(1_000)}` }),
      () => member('ban', target),
      () => member('leave', target),
      () => member('invite', target),
      () => member('join', user, user),
      () => member('leave', user, user),
      () => state('m.room.join_rules', { join_rule: random.pick(['public', 'invite']) }),
      () => state('m.room.power_levels', this.#powerLevels()),
    ])()
  }

  /** Administrators keep their power, so that somebody can speak in the end. */
  #powerLevels(): JsonObject {
    const random = this.#random
    const isInfinite = getRoomVersion(this.#version)?.creatorPower === 'infinite'
    const admins = isInfinite ? this.#servers.slice(1) : this.#servers
    const users = Object.fromEntries(admins.map((server) => [admin(server), 100]))
    for (const user of this.#users) if (random.chance(0.5)) users[user] = random.pick([0, 10, 50, 60])
    const events = { 'm.room.topic': random.pick([0, 50]), 'm.room.name': random.pick([0, 50, 60]) }
    return {
      users,
      events,
      invite: random.pick([0, 50]),
      ban: random.pick([50, 60]),
      events_default: random.pick([0, 10]),
    }
  }

  #draft(draft: Omit<EventDraft, 'originServerTs'>): EventDraft {
    this.#now += this.#random.below(3)
    return { ...draft, originServerTs: this.#now }
  }

  /** @returns undefined if the sender's server does not allow it. */
  async #send(server: VirtualServer, draft: EventDraft): Promise<RoomEvent | undefined> {
    try {
      const { eventId } = await server.core.eventSender.send(this.#room, draft)
      this.#sent += 1
      return await server.event(eventId)
    } catch (error) {
      if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') return undefined
      throw error
    }
  }
}

function admin({ name }: VirtualServer): UserId {
  return parseUserId(`@admin:${name}`)
}
