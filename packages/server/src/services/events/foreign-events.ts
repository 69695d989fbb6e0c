import { isUserId, type Pdu, redactedEventId, type ServerName, serverNameOf } from '@magik/protocol'
import { changeKind } from '../../storage/change-kind.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { Change, ChangeListener } from '../log/change-log.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { StateReading } from './auth-state.ts'
import type { AppliedRedaction, MembershipChange, TimelineDetails } from './built-event.ts'
import type { RoomHeads } from './room-heads.ts'
import { toMembership } from './room-view.ts'

/** What `ForeignEvents` stands on. */
export interface ForeignEventsDeps extends StateReading {
  readonly serverName: ServerName
  readonly heads: RoomHeads
  readonly eventStore: EventStore
  readonly membershipStore: MembershipStore
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
    const pdu = this.#deps.events.pdu(event)
    return {
      pdu,
      membershipChange: await this.#membershipChange(event, pdu),
      redaction: await this.#redaction(event, pdu),
      isForeign: true,
    }
  }

  /** What an event has changed in the room's current state; one that did not prevail at a fork has changed nothing. */
  async #membershipChange(event: StoredEvent, pdu: Pdu): Promise<MembershipChange | undefined> {
    const { tree, events, membershipStore, userNumbers, serverName } = this.#deps
    const { stateKey, roomNid, stateBefore } = event
    const after = toMembership(pdu.content['membership'])
    if (event.type !== 'm.room.member' || stateKey === undefined || !isUserId(stateKey)) return undefined
    if (after === undefined) return undefined
    const userNid = await userNumbers.find(stateKey)
    if (userNid === undefined) return undefined
    const present = await membershipStore.find(roomNid, userNid)
    const hasPrevailed =
      present !== undefined && (present.eventNid === event.eventNid || present.position > (event.position ?? 0))
    if (!hasPrevailed) return undefined
    const earlier =
      stateBefore === undefined ? undefined : await tree.get(roomNid, stateBefore, 'm.room.member', stateKey)
    const before =
      earlier === undefined ? undefined : toMembership(events.pdu(await events.get(earlier)).content['membership'])
    return { userId: stateKey, userNid, isLocal: serverNameOf(stateKey) === serverName, before, after }
  }

  async #redaction(event: StoredEvent, pdu: Pdu): Promise<AppliedRedaction | undefined> {
    const redacts = redactedEventId(pdu, event.roomVersion)
    if (redacts === undefined) return undefined
    const target = await this.#deps.eventStore.findById(redacts)
    // Another redaction of the same event may have come later: forgetting what is kept of it is right all the same.
    if (target?.redactedBy === undefined || target.roomNid !== event.roomNid) return undefined
    return { eventId: redacts, eventNid: target.eventNid }
  }
}
