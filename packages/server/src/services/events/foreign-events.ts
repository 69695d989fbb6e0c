import { type Pdu, redactedEventId, type ServerName, type UserId } from '@magik/protocol'
import { changeKind } from '../../storage/change-kind.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { Change, ChangeListener } from '../log/change-log.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { StateReading } from './auth-state.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import type { PlannedRedaction, TimelineDetails } from './built-event.ts'
import { membershipChangesBetween } from './next-head.ts'
import type { RoomHeads } from './room-heads.ts'

/** What `ForeignEvents` stands on. */
export interface ForeignEventsDeps extends StateReading {
  readonly serverName: ServerName
  readonly heads: RoomHeads
  readonly eventStore: EventStore
  readonly roomStore: RoomStore
  readonly userNumbers: UserNumbers
  /** Tells of a timeline event as if it had been written here. */
  readonly publish: (event: StoredEvent, details: TimelineDetails) => void
}

/**
 * Brings what this process remembers of rooms up to date with what other processes have committed: their heads, events
 * that have been redacted, and whatever follows timeline events.
 */
export class ForeignEvents {
  readonly #deps: ForeignEventsDeps

  constructor(deps: ForeignEventsDeps) {
    this.#deps = deps
  }

  /** Reads the events that the changes name, and what they have done. */
  readonly prepare = async (changes: readonly Change[]): Promise<ChangeListener> => {
    const refs = changes.flatMap(({ kind, ref }) => (kind === changeKind.event && ref !== undefined ? [ref] : []))
    if (refs.length === 0) return (change) => this.#forgetHead(change)
    const events = await this.#deps.events.getMany(refs)
    const found = new Map<number, { event: StoredEvent; details: TimelineDetails }>()
    for (const event of events.values()) found.set(event.eventNid, { event, details: await this.#detailsOf(event) })
    return (change) => {
      this.#forgetHead(change)
      const known = change.ref === undefined ? undefined : found.get(change.ref)
      if (change.kind === changeKind.event && known !== undefined) this.#apply(known)
    }
  }

  #forgetHead({ kind, roomNid }: Change): void {
    const isOfRoom = kind === changeKind.event || kind === changeKind.roomState
    if (isOfRoom && roomNid !== undefined) this.#deps.heads.forget(roomNid)
  }

  #apply({ event, details }: { event: StoredEvent; details: TimelineDetails }): void {
    const { redaction } = details
    if (redaction?.eventNid !== undefined) this.#deps.events.invalidate(redaction.eventNid)
    this.#deps.publish(event, details)
  }

  async #detailsOf(event: StoredEvent): Promise<TimelineDetails> {
    const { roomNid, position = 0 } = event
    const { roomStore, userNumbers } = this.#deps
    const pdu = this.#deps.events.pdu(event)
    const before = (await roomStore.rootAt(roomNid, position - 1)) ?? EMPTY_TREE
    const currentRoot = (await roomStore.rootAt(roomNid, position)) ?? EMPTY_TREE
    const numberOf = async (userId: UserId) => {
      const userNid = await userNumbers.find(userId)
      if (userNid === undefined) throw new Error(`${userId} is a member without a number`)
      return userNid
    }
    return {
      pdu,
      currentRoot,
      membershipChanges: await membershipChangesBetween(this.#deps, roomNid, { before, after: currentRoot }, numberOf),
      redaction: await this.#redaction(event, pdu),
      unread: undefined,
      isForeign: true,
    }
  }

  async #redaction(event: StoredEvent, pdu: Pdu): Promise<PlannedRedaction | undefined> {
    const redacts = redactedEventId(pdu, event.roomVersion)
    if (redacts === undefined) return undefined
    const target = await this.#deps.eventStore.findById(redacts)
    // Another redaction of the same event may have come later: forgetting what is kept of it is right all the same.
    if (target?.redactedBy === undefined || target.roomNid !== event.roomNid) return undefined
    return { eventId: redacts, eventNid: target.eventNid }
  }
}
