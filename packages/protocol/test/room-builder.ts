import {
  type AuthState,
  assignEventId,
  authEventKeys,
  checkAuthRules,
  type EventToAuthorise,
  getRoomVersion,
  type JsonObject,
  type Pdu,
  type PduDraft,
  parseRoomId,
  parseUserId,
  ROOM_VERSIONS,
  type RoomEvent,
  type RoomId,
  type RoomVersion,
  referenceTo,
  serverNameOf,
  SigningKey,
  signEvent,
  type UserId,
  type Verdict,
} from '../src/index.ts'

export const alice = parseUserId('@alice:a.example')
export const bob = parseUserId('@bob:a.example')
export const carol = parseUserId('@carol:c.example')
export const dave = parseUserId('@dave:d.example')

/** The one key that every server of a test room signs with. */
export const TEST_KEY = new SigningKey('test', new Uint8Array(32).fill(7))

/** What a verb of `TestRoom` throws when the authorisation rules refuse its event. */
export class Refused extends Error {
  readonly rule: string
  constructor(rule: string, reason: string) {
    super(`${rule}: ${reason}`)
    this.rule = rule
  }
}

/** `allowed`, or the number of the rule that refused. */
export function outcomeOf(action: () => unknown): string {
  try {
    action()
    return 'allowed'
  } catch (error) {
    if (error instanceof Refused) return error.rule
    throw error
  }
}

export interface EventOptions {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content?: JsonObject
  /** Replaces fields of the finished draft. */
  readonly fields?: Partial<PduDraft>
}

export function roomVersion(id: string): RoomVersion {
  const version = getRoomVersion(id)
  if (version === undefined) throw new Error(`no room version ${id}`)
  return version
}

/** The names of all room versions, oldest first. */
export const ALL_VERSIONS: readonly string[] = [...ROOM_VERSIONS.keys()]

/** Whether a room version is that one or a later one. */
export function isSince(versionId: string, first: number): boolean {
  return Number(versionId) >= first
}

/** A room as a line of events. Its verbs are the spec's; they throw `Refused` and then change nothing. */
export class TestRoom {
  readonly version: RoomVersion
  readonly events: RoomEvent[] = []
  readonly #state = new Map<string, RoomEvent>()
  #roomId: RoomId = parseRoomId('!room:a.example')

  constructor(version: RoomVersion) {
    this.version = version
  }

  /** A room that alice created and joined; no power levels and no join rules yet. */
  static bare(version: RoomVersion, createContent: JsonObject = {}): TestRoom {
    const room = new TestRoom(version)
    room.send({ type: 'm.room.create', sender: alice, stateKey: '', content: { creator: alice, ...createContent } })
    room.member(alice, 'join')
    return room
  }

  /** A public room as `createRoom` would leave it, with alice at 100 or, as creator, beyond. */
  static public(version: RoomVersion, createContent: JsonObject = {}): TestRoom {
    const room = TestRoom.bare(version, createContent)
    room.powerLevels({})
    room.joinRule('public')
    return room
  }

  get roomId(): RoomId {
    return this.#roomId
  }

  readonly state: AuthState = (type, stateKey) => this.stateEvent(type, stateKey)?.pdu

  stateEvent(type: string, stateKey: string): RoomEvent | undefined {
    return this.#state.get(JSON.stringify([type, stateKey]))
  }

  build(options: EventOptions): RoomEvent {
    const { type, sender, stateKey, content = {} } = options
    const last = this.events.at(-1)
    const isCreate = type === 'm.room.create'
    const draft: PduDraft = {
      type,
      sender,
      content,
      ...(isCreate && this.version.roomIdFormat === 'create-event' ? {} : { room_id: this.#roomId }),
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      prev_events: last === undefined ? [] : [referenceTo(last, this.version)],
      auth_events: [],
      depth: this.events.length + 1,
      origin_server_ts: 1_700_000_000_000 + this.events.length,
    }
    const keys = authEventKeys(draft, this.version)
    draft.auth_events = keys.flatMap((key) => {
      const event = this.stateEvent(...key)
      return event === undefined ? [] : [referenceTo(event, this.version)]
    })
    const server = serverNameOf(sender)
    const completed = assignEventId(draft, server, () => `event-${this.events.length}`, this.version)
    return signEvent(Object.assign(completed, options.fields), server, TEST_KEY, this.version)
  }

  check(event: EventToAuthorise): Verdict {
    return checkAuthRules(event, this.state, this.version)
  }

  send(options: EventOptions): RoomEvent {
    const event = this.build(options)
    const verdict = this.check(event)
    if (!verdict.allowed) throw new Refused(verdict.rule, verdict.reason)
    if (event.pdu.type === 'm.room.create') this.#roomId = event.roomId
    this.#keep(event)
    return event
  }

  /** Puts an event into the state without asking the rules. */
  force(options: EventOptions): RoomEvent {
    const event = this.build(options)
    this.#keep(event)
    return event
  }

  /** A membership event; by the user itself unless `sender` is given. */
  member(
    target: UserId,
    membership: string,
    { sender = target, ...extra }: { sender?: UserId } & JsonObject = {},
  ): RoomEvent {
    return this.send({ type: 'm.room.member', sender, stateKey: target, content: { membership, ...extra } })
  }

  joinRule(rule: string): RoomEvent {
    return this.send({ type: 'm.room.join_rules', sender: alice, stateKey: '', content: { join_rule: rule } })
  }

  /** Sets power levels; alice keeps 100 where the room version does not make her power infinite. */
  powerLevels(content: JsonObject, sender: UserId = alice): RoomEvent {
    const creators = this.version.creatorPower === 'infinite' ? {} : { [alice]: 100 }
    const users = { ...creators, ...(content.users as JsonObject | undefined) }
    return this.send({ type: 'm.room.power_levels', sender, stateKey: '', content: { ...content, users } })
  }

  message(sender: UserId): RoomEvent {
    return this.send({ type: 'm.room.message', sender, content: { msgtype: 'm.text', body: 'hello' } })
  }

  #keep(event: RoomEvent): void {
    this.events.push(event)
    const { type, state_key: stateKey } = event.pdu
    if (stateKey !== undefined) this.#state.set(JSON.stringify([type, stateKey]), event)
  }
}

/** The content of a room's current state of some type. */
export function contentOf(room: TestRoom, type: string, stateKey = ''): JsonObject | undefined {
  const pdu: Pdu | undefined = room.state(type, stateKey)
  return pdu?.content
}
