import { type EventId, prevEventIds, type RoomEvent, type RoomId } from '@magik/protocol'
import type { EventReader } from '../event-reader.ts'
import type { RoomHeads } from '../room-heads.ts'
import type { EventReceiver } from './event-receiver.ts'
import type { EventSource } from './event-source.ts'
import { inGraphOrder } from './graph-order.ts'
import type { Outliers } from './outliers.ts'
import type { Receipt } from './received-event.ts'
import type { ToldState } from './told-state.ts'

/** Events asked for at once to fill a gap; a wider one stays, and the state after it is asked for. */
const MAX_MISSING_EVENTS = 20

/** What receiving events with gaps takes. */
export interface GapFillerDeps {
  readonly heads: RoomHeads
  readonly events: EventReader
  readonly receiver: EventReceiver
  readonly outliers: Outliers
}

/**
 * Receives events whose parents may not be known here: fetches what is missing, and where the gap is too wide the state
 * on its near side.
 */
export class GapFiller {
  readonly #deps: GapFillerDeps

  constructor(deps: GapFillerDeps) {
    this.#deps = deps
  }

  /**
   * Receives events of one room.
   * @returns a receipt for each, in order; `missing` for those that nobody could help with now.
   */
  async receive(roomId: RoomId, events: readonly RoomEvent[], source: EventSource): Promise<Receipt[]> {
    const receipts = await this.#deps.receiver.receive(
      roomId,
      events.map((event) => ({ event })),
    )
    for (const [index, event] of events.entries()) {
      if (receipts[index]?.kind === 'missing') receipts[index] = await this.#fillAndReceive(roomId, event, source)
    }
    return receipts
  }

  async #fillAndReceive(roomId: RoomId, event: RoomEvent, source: EventSource): Promise<Receipt> {
    const receipt = await this.#receive(roomId, event)
    if (receipt.kind === 'missing' && receipt.prevEvents.length > 0) {
      for (const earlier of await this.#missingEvents(roomId, event, source)) {
        // One with no known parent lies beyond the gap, if not before all that is known of the room: where the state
        // after a gap has to be asked for, it is asked for once, at the near side.
        if (await this.#hasKnownParent(roomId, earlier)) await this.#receiveAfterGap(roomId, earlier, source)
      }
    }
    return this.#receiveAfterGap(roomId, event, source)
  }

  /** Receives an event all the same if its parents stay unknown, by the states after them. */
  async #receiveAfterGap(roomId: RoomId, event: RoomEvent, source: EventSource): Promise<Receipt> {
    const { outliers } = this.#deps
    const receipt = await this.#receive(roomId, event)
    if (receipt.kind !== 'missing') return receipt
    if (receipt.authEvents.length > 0) await outliers.store(roomId, await source.authChain(roomId, event.eventId))
    if (receipt.prevEvents.length === 0) return this.#receive(roomId, event)
    const told = await this.#toldStates(roomId, receipt.prevEvents, source)
    return told === undefined ? receipt : this.#receive(roomId, event, told)
  }

  async #hasKnownParent(roomId: RoomId, { pdu }: RoomEvent): Promise<boolean> {
    const parents = await this.#deps.events.findManyForWriting(prevEventIds(pdu))
    return parents.values().some((parent) => parent.roomId === roomId && parent.stateAfter !== undefined)
  }

  async #receive(roomId: RoomId, event: RoomEvent, told: readonly ToldState[] = []): Promise<Receipt> {
    const [receipt] = await this.#deps.receiver.receive(roomId, [{ event, told }])
    if (receipt === undefined) throw new Error('an event was received without a receipt')
    return receipt
  }

  /** The events between what is known and an event, each after those that it builds on. */
  async #missingEvents(roomId: RoomId, event: RoomEvent, source: EventSource): Promise<RoomEvent[]> {
    const head = await this.#deps.heads.find(roomId)
    const earliest = (head?.committed.forwardExtremities ?? []).map(({ eventId }) => eventId)
    const latest = [event.eventId]
    const events = await source.missingEvents({ roomId, earliest, latest, limit: MAX_MISSING_EVENTS })
    // Another server chose them: more than were asked for, or those of another room, are none of this gap.
    const own = events.slice(0, MAX_MISSING_EVENTS).filter((earlier) => earlier.roomId === roomId)
    // Not by depth, which each event claims as it likes, and which rooms of old versions may have used up.
    return inGraphOrder(own, ({ pdu }) => prevEventIds(pdu))
  }

  /** Stores the events of the states after some events. @returns undefined if one of the states cannot be had. */
  async #toldStates(
    roomId: RoomId,
    eventIds: readonly EventId[],
    source: EventSource,
  ): Promise<ToldState[] | undefined> {
    const told: ToldState[] = []
    for (const eventId of eventIds) {
      const answer = await source.stateAfter(roomId, eventId)
      if (answer === undefined) return undefined
      await this.#deps.outliers.store(roomId, [...answer.authChain, ...answer.state])
      told.push({ state: answer.state })
    }
    return told
  }
}
