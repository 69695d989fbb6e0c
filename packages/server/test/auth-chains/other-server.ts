import {
  type EventId,
  generateSigningKey,
  getRoomVersion,
  type JsonObject,
  parseServerName,
  parseUserId,
  type PduDraft,
  type RoomEvent,
  type RoomId,
  type RoomVersion,
  signEvent,
  type UserId,
} from '@magik/protocol'
import type { Core } from '../../src/composition/core.ts'
import { loadAuthStateAt } from '../../src/services/events/auth-state.ts'
import type { EventDraft } from '../../src/services/events/event-draft.ts'
import type { EventSource } from '../../src/services/events/receive/event-source.ts'
import type { Receipt } from '../../src/services/events/receive/received-event.ts'

const NAME = parseServerName('other.example')
const KEY = generateSigningKey()

/** Knows nothing besides what it has sent. */
const NO_SOURCE: EventSource = {
  missingEvents: async () => [],
  stateAfter: async () => undefined,
  authChain: async () => [],
}

/** What an event of another server is about. */
export interface OtherDraft {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content: JsonObject
}

/** A user of the other server. */
export function otherUser(number: number): UserId {
  return parseUserId(`@user${number}:${NAME}`)
}

/** A user joins, or joins anew under another name. */
export function joining(user: UserId, displayname?: string): EventDraft & OtherDraft {
  const content = { membership: 'join', ...(displayname !== undefined && { displayname }) }
  return { type: 'm.room.member', stateKey: user, sender: user, content }
}

/** A server that sends events upon any event it knows, as one does that has not heard of the newer ones. */
export class OtherServer {
  readonly #core: Core
  readonly #roomId: RoomId

  constructor(core: Core, roomId: RoomId) {
    this.#core = core
    this.#roomId = roomId
  }

  /** Makes an event on top of others, which is allowed by the state after the first of them. */
  async make(draft: OtherDraft, prevEvents: readonly EventId[]): Promise<RoomEvent> {
    const { events, heads } = this.#core
    const head = (await heads.find(this.#roomId))!
    const parent = (await events.findForWriting(prevEvents[0]!))!
    const { type, sender, stateKey, content } = draft
    const fields = { type, sender, content, ...(stateKey !== undefined && { state_key: stateKey }) }
    const auth = await loadAuthStateAt(this.#core, head, parent.stateAfter!, fields)
    const pdu: PduDraft = {
      ...fields,
      room_id: this.#roomId,
      prev_events: [...prevEvents],
      auth_events: auth.authEvents,
      depth: parent.depth + 1,
      origin_server_ts: 1_700_000_000_000 + parent.depth,
    }
    return signEvent(pdu, NAME, KEY, head.version)
  }

  /** Makes an event, and has it received. */
  async send(draft: OtherDraft, prevEvents: readonly EventId[]): Promise<{ eventId: EventId; receipt: Receipt }> {
    const event = await this.make(draft, prevEvents)
    return { eventId: event.eventId, receipt: await this.receive(event) }
  }

  /** Has an event received. */
  async receive(event: RoomEvent): Promise<Receipt> {
    return (await this.#core.gapFiller.receive(this.#roomId, [event], NO_SOURCE))[0]!
  }
}

/** Makes a public room of Alice's and members of the other server. */
export async function publicRoom(core: Core, alice: UserId, members: number, versionId = '12'): Promise<RoomId> {
  const version = getRoomVersion(versionId) as RoomVersion
  const state = (type: string, content: JsonObject, stateKey = ''): EventDraft => ({
    type,
    stateKey,
    content,
    sender: alice,
  })
  const powers = versionId === '12' ? {} : { [alice]: 100 }
  const { roomId } = await core.eventSender.createRoom({
    creator: alice,
    version,
    drafts: [
      state('m.room.create', { room_version: version.id }),
      state('m.room.member', { membership: 'join' }, alice),
      state('m.room.power_levels', { users: powers, events: { 'm.room.topic': 0 } }),
      state('m.room.join_rules', { join_rule: 'public' }),
      ...Array.from({ length: members }, (_, number) => joining(otherUser(number))),
    ],
  })
  return roomId
}
