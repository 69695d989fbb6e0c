import {
  evaluatePush,
  isJsonObject,
  isUserId,
  PowerLevels,
  type PushAudience,
  PushSubject,
  type Pdu,
  type ServerName,
  serverNameOf,
  type UserId,
  usersNamedBy,
} from '@magik/protocol'
import type { BoundWrite } from '../../platform/database/database.ts'
import { position } from '../../platform/database/query.ts'
import { ALL_THREADS, type MatchCounts, type UnreadStore } from '../../storage/unread-store.ts'
import { currentState, type StateReading } from '../events/auth-state.ts'
import type { BuiltEvent } from '../events/built-event.ts'
import type { RoomHead } from '../events/room-heads.ts'
import type { CountedEvent, UnreadAccounting, UnreadDeviation, UnreadPlan } from '../events/unread-accounting.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { EventThreads } from './event-thread.ts'
import type { LocalPushMember, PushAudiences } from './push-audiences.ts'
import type { PushRules } from './push-rules.ts'

/** Threads of one room whose counters are kept at hand; beyond it they are read again. */
const MAX_THREADS = 500

/** What the planner stands on. */
export interface UnreadPlannerDeps extends StateReading {
  readonly serverName: ServerName
  readonly userNumbers: UserNumbers
  readonly pushRules: PushRules
  readonly audiences: PushAudiences
  readonly threads: EventThreads
  readonly unreadStore: UnreadStore
}

/**
 * Counts a room's events in for its members: one row by which of the server's push rules match, whoever the members
 * are, and one more for each member to whom the event is something else. So no member is looked at for an ordinary
 * message, a change of a user's rules writes nothing in their rooms, and a count is a difference of two rows.
 */
export class UnreadPlanner implements UnreadAccounting {
  readonly #deps: UnreadPlannerDeps
  /** Counters as the room's next event will find them; they live and die with the room's head. */
  readonly #counters = new WeakMap<RoomHead, Map<string, MatchCounts>>()

  constructor(deps: UnreadPlannerDeps) {
    this.#deps = deps
  }

  async plan(head: RoomHead, planned: CountedEvent): Promise<UnreadPlan> {
    const { event, pdu, redaction } = planned
    const thread = await this.#deps.threads.ofNew(head.roomNid, event.eventId, pdu.content)
    const { matched, deviations } = await this.#evaluate(head, planned)
    const before = await this.#countsOf(head, thread)
    const counts = new Map(before).set(matched, (before.get(matched) ?? 0) + 1)
    const read = this.#readBy(planned, thread)
    return { thread, matched, counts, deviations, read, retracts: redaction?.eventNid }
  }

  stage(head: RoomHead, { unread }: BuiltEvent): void {
    const counters = this.#counters.get(head)
    if (unread !== undefined) counters?.set(unread.thread, unread.counts)
  }

  writes(roomNid: number, events: readonly BuiltEvent[]): BoundWrite[] {
    const { unreadStore } = this.#deps
    const writes: BoundWrite[] = []
    const reads = new Map<string, BoundWrite>()
    events.forEach(({ unread }, index) => {
      if (unread === undefined) return
      const { thread, matched, counts, deviations, read, retracts } = unread
      writes.push(unreadStore.insertCounter({ roomNid, position: position(index), thread, matched, counts }))
      for (const deviation of deviations) {
        writes.push(unreadStore.insertDeviation({ ...deviation, roomNid, position: position(index), thread, matched }))
      }
      if (retracts !== undefined) writes.push(unreadStore.retract(roomNid, retracts))
      // The last of several by one user says it all.
      if (read !== undefined) {
        const write = unreadStore.read({ ...read, roomNid, position: position(index) })
        reads.set(`${read.userNid} ${read.thread}`, write)
      }
    })
    return [...writes, ...reads.values()]
  }

  async #evaluate(
    head: RoomHead,
    planned: CountedEvent,
  ): Promise<{ matched: number; deviations: readonly UnreadDeviation[] }> {
    const { event, pdu, membershipChanges } = planned
    const { audiences } = this.#deps
    const audience = await audiences.of(head)
    // Only now: what is read for `of` does not know of them.
    for (const change of membershipChanges) {
      if (change.isLocal && change.after === 'join' && change.before !== 'join') await audiences.onJoin(head, change)
    }
    const mayNotify = audience.size > 0 || mentionsRoom(pdu) ? await this.#mayNotify(head, pdu) : () => false
    const subject = new PushSubject(
      { eventId: event.eventId, roomId: event.roomId, pdu },
      { joinedMembers: head.pending.joinedMembers, senderMayNotify: mayNotify },
    )
    await this.#bringNamesUpToDate(head, audience)
    const named: LocalPushMember[] = []
    for (const userId of usersNamedBy(subject)) {
      const member = userId === pdu.sender ? undefined : await this.#member(head, userId)
      if (member !== undefined) named.push(member)
    }
    const { matched, deviating } = evaluatePush(subject, audience, named)
    const deviations: UnreadDeviation[] = []
    for (const [member, { notify, highlight }] of deviating) {
      // Whoever sends has read up to there, and who is no member has no counts.
      if (member.userId === pdu.sender || !(await this.#isJoined(head, member.userId))) continue
      deviations.push({ userNid: member.userNid, notify, highlight })
    }
    return { matched, deviations }
  }

  /** Some rules look for their owner's display name, which is the one in this room. */
  async #bringNamesUpToDate(head: RoomHead, audience: PushAudience<LocalPushMember>): Promise<void> {
    const asking = [...audience.watches].flatMap(({ rule, members }) => (rule.isAboutOwner ? [...members] : []))
    for (const member of asking) {
      const displayName = await this.#displayName(head, member.userId)
      if (displayName !== member.displayName) audience.set({ ...member, displayName })
    }
  }

  async #member(head: RoomHead, userId: string): Promise<LocalPushMember | undefined> {
    const { serverName, userNumbers, pushRules } = this.#deps
    if (!isUserId(userId) || serverNameOf(userId) !== serverName || !(await this.#isJoined(head, userId)))
      return undefined
    const userNid = await userNumbers.find(userId)
    if (userNid === undefined) return undefined
    const { compiled } = await pushRules.rules({ userId, userNid })
    return { userId, userNid, displayName: await this.#displayName(head, userId), rules: compiled.inRoom(head.roomId) }
  }

  async #isJoined(head: RoomHead, userId: UserId): Promise<boolean> {
    const member = await currentState(this.#deps, head, 'm.room.member', userId)
    return member?.pdu.content['membership'] === 'join'
  }

  async #displayName(head: RoomHead, userId: UserId): Promise<string | undefined> {
    const name = (await currentState(this.#deps, head, 'm.room.member', userId))?.pdu.content['displayname']
    return typeof name === 'string' ? name : undefined
  }

  async #mayNotify(head: RoomHead, { sender }: Pdu): Promise<(key: string) => boolean> {
    const create = await currentState(this.#deps, head, 'm.room.create', '')
    if (create === undefined) return () => false
    const content = (await currentState(this.#deps, head, 'm.room.power_levels', ''))?.pdu.content
    const levels = PowerLevels.from(content, create.pdu, head.version)
    return (key) => levels.ofUser(sender) >= levels.forNotification(key)
  }

  /**
   * Sending reads the thread up to there. Joining reads everything: what was before is history.
   * @spec client-server-api/#marking-notifications-as-read
   */
  #readBy({ event, membershipChanges }: CountedEvent, thread: string): UnreadPlan['read'] {
    const change = membershipChanges.find(({ userId }) => userId === event.sender)
    if (change !== undefined) {
      if (!change.isLocal || change.after !== 'join') return undefined
      return { userNid: change.userNid, thread: change.before === 'join' ? thread : ALL_THREADS }
    }
    return serverNameOf(event.sender) === this.#deps.serverName ? { userNid: event.senderNid, thread } : undefined
  }

  async #countsOf(head: RoomHead, thread: string): Promise<MatchCounts> {
    let counters = this.#counters.get(head)
    if (counters === undefined) {
      counters = new Map()
      this.#counters.set(head, counters)
    }
    const known = counters.get(thread)
    if (known !== undefined) return known
    if (counters.size >= MAX_THREADS) {
      // What is not durable yet would be missed when it is read again.
      await head.newestCommit
      counters.clear()
    }
    const isNew = head.committed.version === 0
    const counts = isNew
      ? new Map()
      : await this.#deps.unreadStore.counterAt(head.roomNid, thread, Number.MAX_SAFE_INTEGER)
    counters.set(thread, counts)
    return counts
  }
}

function mentionsRoom({ content }: Pdu): boolean {
  const mentions = content['m.mentions']
  return isJsonObject(mentions) && mentions['room'] === true
}
