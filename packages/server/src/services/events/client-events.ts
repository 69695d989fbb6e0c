import { isJsonObject, parseJsonText, stringifyJson, type UserId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from './auth-state.ts'
import { pickFields } from './event-fields.ts'
import { toMembership } from './room-view.ts'

/** Whom an event is rendered for. */
export interface EventAudience {
  readonly userId: UserId
  readonly userNid: number
  /** Shown the transaction IDs of the events it sent. */
  readonly deviceId: string | undefined
  /** Fields to show, as paths; all by default. */
  readonly eventFields?: readonly string[] | undefined
  /** Whether events are shown as servers exchange them. */
  readonly eventFormat?: 'client' | 'federation'
}

/** Renders events as clients get them: shared bytes, with the reader's own `unsigned` appended. */
export class ClientEvents {
  readonly #reading: StateReading
  readonly #clock: Clock

  constructor(deps: StateReading & { readonly clock: Clock }) {
    this.#reading = deps
    this.#clock = deps.clock
  }

  /**
   * The events as JSON texts, in the order given.
   * @spec client-server-api/#room-event-format
   */
  async renderAll(events: readonly StoredEvent[], audience: EventAudience): Promise<string[]> {
    // Messages between two state changes share a root: the reader's membership is looked up once for all of them.
    const memberships = new Map<number, string>()
    const rendered: string[] = []
    for (const event of events) rendered.push(await this.#render(event, audience, memberships))
    return rendered
  }

  /** The event as JSON text. */
  render(event: StoredEvent, audience: EventAudience): Promise<string> {
    return this.#render(event, audience, new Map())
  }

  async #render(event: StoredEvent, audience: EventAudience, memberships: Map<number, string>): Promise<string> {
    let unsigned = `{"age":${Math.max(0, this.#clock.now() - event.originServerTs)}`
    if (event.transaction !== undefined && event.senderNid === audience.userNid) {
      if (event.transaction.deviceId === (audience.deviceId ?? '')) {
        unsigned += `,"transaction_id":${JSON.stringify(event.transaction.id)}`
      }
    }
    if (event.stateAfter !== undefined) {
      const membership = memberships.get(event.stateAfter) ?? (await this.#membershipAt(event, audience.userId))
      memberships.set(event.stateAfter, membership)
      unsigned += `,"membership":"${membership}"`
    }
    if (event.stateKey !== undefined) unsigned += await this.#previousState(event, event.stateKey)
    if (event.redactedBy !== undefined) {
      const redaction = (await this.#reading.events.getMany([event.redactedBy])).get(event.redactedBy)
      // One that has been purged stays in force.
      if (redaction !== undefined) {
        unsigned += `,"redacted_because":${await this.#render(redaction, audience, memberships)}`
      }
    }
    return shaped(`${this.#body(event, audience)},"unsigned":${unsigned}}}`, audience)
  }

  #body(event: StoredEvent, { eventFormat }: EventAudience): string {
    const { events } = this.#reading
    if (eventFormat !== 'federation') return events.clientJson(event)
    const { unsigned: _ours, ...pdu } = events.pdu(event)
    return stringifyJson(pdu).slice(0, -1)
  }

  async #membershipAt(event: StoredEvent, userId: UserId): Promise<string> {
    if (event.stateAfter === undefined) return 'leave'
    const { tree, events } = this.#reading
    const eventNid = await tree.get(event.roomNid, event.stateAfter, 'm.room.member', userId)
    if (eventNid === undefined) return 'leave'
    // Memberships do not change by redaction, so the stored event says it all.
    return toMembership(events.pdu(await events.get(eventNid)).content['membership']) ?? 'leave'
  }

  async #previousState(event: StoredEvent, stateKey: string): Promise<string> {
    if (event.stateBefore === undefined) return ''
    const { tree, events } = this.#reading
    const eventNid = await tree.get(event.roomNid, event.stateBefore, event.type, stateKey)
    if (eventNid === undefined) return ''
    const previous = await events.get(eventNid)
    const content = stringifyJson(events.pdu(previous).content)
    return (
      `,"replaces_state":${JSON.stringify(previous.eventId)}` +
      `,"prev_content":${content},"prev_sender":${JSON.stringify(previous.sender)}`
    )
  }
}

function shaped(json: string, { eventFields }: EventAudience): string {
  if (eventFields === undefined) return json
  const event = parseJsonText(json)
  return isJsonObject(event) ? stringifyJson(pickFields(event, eventFields)) : json
}
