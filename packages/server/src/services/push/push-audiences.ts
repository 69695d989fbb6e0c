import { PushAudience, type PushMember, type UserId } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { PushRuleStore } from '../../storage/push-rule-store.ts'
import type { RoomHead } from '../events/room-heads.ts'
import type { PushRuleOwner, PushRules } from './push-rules.ts'
import type { UserPushRules } from './user-push-rules.ts'

/** Rooms whose members with rules of their own are kept at hand. */
const CACHED_ROOMS = 10_000

/** A member of a room, with the number that stands for them. */
export interface LocalPushMember extends PushMember {
  readonly userId: UserId
  readonly userNid: number
}

/**
 * Knows which local members of a room have rules of their own that look at events: the others need not be looked at.
 * Who has left may still be among them; whether somebody is a member is for the room's state to say.
 */
export class PushAudiences {
  readonly #pushRules: PushRules
  readonly #store: PushRuleStore
  readonly #memberships: MembershipStore
  readonly #rooms = new LRUCache<number, { head: RoomHead; audience: PushAudience<LocalPushMember> }>({
    max: CACHED_ROOMS,
  })
  /** One more whenever somebody's own rules change. */
  #changes = 0

  constructor(deps: { pushRules: PushRules; pushRuleStore: PushRuleStore; membershipStore: MembershipStore }) {
    this.#pushRules = deps.pushRules
    this.#store = deps.pushRuleStore
    this.#memberships = deps.membershipStore
    deps.pushRules.listen((owner, before, after) => this.#onChanged(owner, before, after))
    deps.pushRules.listenToForeign(() => this.#onForeignChange())
  }

  /** The members of a room who have rules of their own. Called inside the room's queue. */
  async of(head: RoomHead): Promise<PushAudience<LocalPushMember>> {
    const known = this.#rooms.get(head.roomNid)
    // Another process may have let people in since a head that has been replaced.
    if (known?.head === head) return known.audience
    // Nobody has joined before the first event.
    if (head.committed.version === 0) return this.#keep(head, new PushAudience())
    for (;;) {
      const changes = this.#changes
      // Who is just joining is not in the database yet.
      await head.idle()
      const audience = new PushAudience<LocalPushMember>()
      for (const owner of await this.#store.personalInRoom(head.roomNid)) {
        addTo(audience, head.roomId, owner, await this.#pushRules.rules(owner))
      }
      if (changes === this.#changes) return this.#keep(head, audience)
    }
  }

  /** Somebody is joining a room, whose audience this is. */
  async onJoin(audience: PushAudience<LocalPushMember>, roomId: string, owner: PushRuleOwner): Promise<void> {
    const rules = await this.#pushRules.rules(owner)
    audience.delete(owner.userId)
    addTo(audience, roomId, owner, rules)
  }

  #keep(head: RoomHead, audience: PushAudience<LocalPushMember>): PushAudience<LocalPushMember> {
    this.#rooms.set(head.roomNid, { head, audience })
    return audience
  }

  /** Which rooms it is about is not known without reading; such changes are rare, and rooms in use are soon read again. */
  #onForeignChange(): void {
    this.#changes += 1
    this.#rooms.clear()
  }

  async #onChanged(owner: PushRuleOwner, before: UserPushRules, after: UserPushRules): Promise<void> {
    if (!before.compiled.hasPersonalRules && !after.compiled.hasPersonalRules) return
    this.#changes += 1
    try {
      for (const { roomNid, membership } of await this.#memberships.ofUser(owner.userNid)) {
        const room = this.#rooms.peek(roomNid)
        if (room === undefined || membership !== 'join') continue
        room.audience.delete(owner.userId)
        addTo(room.audience, room.head.roomId, owner, after)
      }
    } catch {
      // The change has happened. Where it matters is not known, so all is read again when it is needed.
      this.#rooms.clear()
    }
  }
}

function addTo(
  audience: PushAudience<LocalPushMember>,
  roomId: string,
  { userId, userNid }: PushRuleOwner,
  { compiled }: UserPushRules,
): void {
  if (!compiled.hasPersonalRules) return
  const rules = compiled.inRoom(roomId)
  if (rules.personal.every(({ isDefault }) => isDefault)) return
  audience.set({ userId, userNid, displayName: undefined, rules })
}
