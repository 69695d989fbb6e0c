import {
  type EventId,
  eventIdOf,
  getRoomVersion,
  type Pdu,
  parseEventId,
  parseJsonText,
  parsePdu,
  parseUserId,
  prevEventIds,
  redactedEventId,
  type RoomVersion,
} from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import { changeKind } from '../../storage/change-kind.ts'
import type { RawEvent } from '../../storage/check-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import { StateTreeError } from '../state/state-tree-error.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import { waitingRedaction } from '../events/plan-redaction.ts'
import { type Checking, messageOf, readState } from './checking.ts'

/** Rooms whose state last read is remembered: a further one is compared with it. */
const KNOWN_ROOMS = 10_000

const STATUSES: readonly number[] = Object.values(eventStatus)

/** An event that can be read. */
interface ReadableEvent {
  readonly raw: RawEvent
  readonly about: string
  readonly pdu: Pdu
  readonly version: RoomVersion
  readonly sender: string
}

/**
 * Checks each event by itself: that it can be read, that the state after it is the one before it with the event in it,
 * that it comes after its parents, and what redacts it.
 */
export class EventCheck {
  readonly #deps: Checking
  readonly #lastRoots = new LRUCache<number, number>({ max: KNOWN_ROOMS })

  constructor(deps: Checking) {
    this.#deps = deps
  }

  /** Checks all events. @param onPage told how many have been checked. */
  async run(onPage: (events: number) => void): Promise<void> {
    let checked = 0
    const { first } = await this.#deps.checkStore.changeSpan()
    for (let after = 0; ; ) {
      const page = await this.#deps.checkStore.events(after)
      const last = page.at(-1)
      if (last === undefined) return
      after = last.event_nid
      for (const raw of page) await this.#check(raw)
      if (first !== null) await this.#checkPositions(page, first)
      checked += page.length
      onPage(checked)
    }
  }

  async #check(raw: RawEvent): Promise<void> {
    const { findings } = this.#deps
    const about = `event ${raw.event_id} (number ${raw.event_nid}, room ${raw.room_id ?? raw.room_nid})`
    const event = await this.#read(raw, about)
    if (event === undefined) return
    try {
      if (await this.#checkPlace(event)) await this.#checkState(event)
      await this.#checkDepth(event)
      await this.#checkRedaction(event)
      await this.#checkRedactedBy(event)
    } catch (error) {
      // What it refers to is damaged; that has its own finding.
      await findings.add({ about, what: `cannot be checked further: ${messageOf(error)}` })
    }
  }

  async #read(raw: RawEvent, about: string): Promise<ReadableEvent | undefined> {
    const { findings } = this.#deps
    const version = raw.room_version === null ? undefined : getRoomVersion(raw.room_version)
    const { sender } = raw
    if (version === undefined) await findings.add({ about, what: 'its room is not known' })
    else if (sender === null) await findings.add({ about, what: 'its sender is not known' })
    else {
      try {
        const pdu = parsePdu(parseJsonText(raw.json), version)
        const isSame = pdu.type === raw.type && (pdu.state_key ?? null) === raw.state_key && pdu.sender === sender
        if (!isSame) await findings.add({ about, what: 'type, state key or sender are not those of its JSON' })
        if (eventIdOf(pdu, version) !== raw.event_id)
          await findings.add({ about, what: 'its ID is not that of its JSON' })
        return { raw, about, pdu, version, sender }
      } catch (error) {
        await findings.add({ about, what: `its JSON cannot be read: ${messageOf(error)}` })
      }
    }
    return undefined
  }

  /** @returns whether it has a place in the graph. */
  async #checkPlace({ raw, about }: ReadableEvent): Promise<boolean> {
    const { findings } = this.#deps
    const { status, position, state_before: before, state_after: after } = raw
    const say = (what: string) => findings.add({ about, what })
    if (!STATUSES.includes(status)) await say(`its status is ${status}, which means nothing`)
    if (position !== null && status !== eventStatus.accepted) {
      await say(`it has position ${position}, though it is no accepted event`)
    }
    // Purging history takes the place of those, too, that were refused.
    if (before === null && after === null && status !== eventStatus.accepted) return false
    if (status === eventStatus.outlier) await say('it is an outlier with a state')
    else if (before === null || after === null) await say('it has no state before or after it')
    else return true
    return false
  }

  async #checkState({ raw, about }: ReadableEvent): Promise<void> {
    const { findings, tree } = this.#deps
    const { room_nid: roomNid, event_nid: eventNid, type, status, state_key: stateKey } = raw
    const before = raw.state_before ?? EMPTY_TREE
    const after = raw.state_after ?? EMPTY_TREE
    if (!(await this.#canRead(roomNid, before))) {
      await findings.add({ about, what: `the state before it (root ${before}) cannot be read` })
      return
    }
    const isRejected = status === eventStatus.rejected || status === eventStatus.rejectedByState
    if (isRejected || stateKey === null) {
      if (before !== after) await findings.add({ about, what: 'the state after it is not the one before it' })
      return
    }
    try {
      const others: string[] = []
      for await (const batch of tree.diffBatches(roomNid, before, after)) {
        for (const entry of batch) {
          if (entry.type !== type || entry.stateKey !== stateKey) others.push(`${entry.type} "${entry.stateKey}"`)
        }
      }
      if ((await tree.get(roomNid, after, type, stateKey)) !== eventNid) {
        await findings.add({ about, what: 'the state after it does not hold it' })
      }
      if (others.length > 0) {
        const shown = others.slice(0, 5).join(', ')
        await findings.add({ about, what: `the state after it differs in ${others.length} other entries: ${shown}` })
      }
      this.#lastRoots.set(roomNid, after)
    } catch (error) {
      if (!(error instanceof StateTreeError)) throw error
      await findings.add({ about, what: `the state after it (root ${after}) cannot be read: ${error.message}` })
    }
  }

  /** Reads what a state does not share with the one that was read before it. */
  async #canRead(roomNid: number, root: number): Promise<boolean> {
    for (const base of new Set([this.#lastRoots.get(roomNid) ?? EMPTY_TREE, EMPTY_TREE])) {
      try {
        await readState(this.#deps, roomNid, base, root)
        this.#lastRoots.set(roomNid, root)
        return true
      } catch (error) {
        if (!(error instanceof StateTreeError)) throw error
      }
    }
    return false
  }

  /** An event is deeper than those of its parents that were there before it. */
  async #checkDepth({ raw, about, pdu }: ReadableEvent): Promise<void> {
    const { findings, events } = this.#deps
    const { depth, position } = raw
    if (position === null) return
    if (depth < 1) await findings.add({ about, what: `its depth is ${depth}` })
    for (const parent of (await events.findManyForWriting(prevEventIds(pdu))).values()) {
      if (parent.position === undefined || parent.position >= position || parent.depth < depth) continue
      await findings.add({ about, what: `its depth ${depth} is not above that of its parent ${parent.eventId}` })
    }
  }

  /** A redaction is listed under what it redacts. */
  async #checkRedaction({ raw, about, pdu, version }: ReadableEvent): Promise<void> {
    const { findings, eventStore, checkStore } = this.#deps
    const redacts = redactedEventId(pdu, version)
    if (raw.position === null || redacts === undefined) return
    if (await this.#isListed(raw.room_nid, redacts, raw.event_nid, eventStore)) return
    const repair = [checkStore.insertRedaction(raw.room_nid, redacts, raw.event_nid)]
    await findings.add({ about, what: `it is not listed among the redactions of ${redacts}`, repair })
    await findings.flush()
  }

  async #isListed(roomNid: number, redacts: EventId, nid: number, store: Checking['eventStore']): Promise<boolean> {
    const listed = await store.redactionsOf(roomNid, redacts)
    // The store tells the first twenty.
    return listed.length >= 20 || listed.includes(nid)
  }

  /** The redaction that applies to an event may, and one that may does. */
  async #checkRedactedBy({ raw, about, sender }: ReadableEvent): Promise<void> {
    const { findings, eventStore, checkStore, redactedEventStore } = this.#deps
    const { redacted_by: redactedBy, room_nid: roomNid, event_nid: eventNid, status } = raw
    const listed = await eventStore.redactionsOf(roomNid, parseEventId(raw.event_id))
    const target = { roomNid, sender: parseUserId(sender) }
    const applies = (nids: readonly number[]) => waitingRedaction(this.#deps, nids, target)
    if (redactedBy === null) {
      // One that was refused, or is an outlier, may have come after its redaction.
      if (listed.length === 0 || status !== eventStatus.accepted) return
      const missed = await applies(listed)
      if (missed === undefined) return
      const { originServerTs } = await this.#deps.events.get(missed)
      const repair = [
        checkStore.setRedactedBy(eventNid, missed),
        redactedEventStore.insert(eventNid, roomNid, originServerTs),
      ]
      await findings.add({
        about,
        what: `it is not marked as redacted, though event number ${missed} redacts it`,
        repair,
      })
      return
    }
    // Where it is not listed, that has a finding of its own; one whose place was purged cannot be judged any more.
    const redaction = (await this.#deps.events.getMany([redactedBy])).get(redactedBy)
    if (redaction?.stateBefore === undefined) return
    if (this.#names(redaction, raw) && (await applies([redactedBy])) !== undefined) return
    const repair = [checkStore.setRedactedBy(eventNid, (await applies(listed)) ?? null)]
    await findings.add({ about, what: `event number ${redactedBy} is said to redact it, and does not`, repair })
  }

  /** Whether an event is an accepted redaction of another. */
  #names(redaction: StoredEvent, { event_id: eventId, room_nid: roomNid }: RawEvent): boolean {
    if (redaction.status !== eventStatus.accepted || redaction.roomNid !== roomNid) return false
    return redactedEventId(this.#deps.events.pdu(redaction), redaction.roomVersion) === eventId
  }

  /** Each position of an event is in the log, as that event's; the log may have been cut off at its beginning. */
  async #checkPositions(page: readonly RawEvent[], first: number): Promise<void> {
    const { findings, checkStore } = this.#deps
    const placed = page.filter(({ position }) => position !== null && position >= first)
    const changes = await checkStore.changesAt(placed.flatMap(({ position }) => position ?? []))
    const byPosition = new Map(changes.map((change) => [change.position, change]))
    for (const { event_id: eventId, event_nid: eventNid, position } of placed) {
      const change = byPosition.get(position ?? 0)
      if (change?.kind === changeKind.event && change.ref === eventNid) continue
      await findings.add({
        about: `event ${eventId} (number ${eventNid})`,
        what: `the log has another change at its position ${position}`,
      })
    }
  }
}
