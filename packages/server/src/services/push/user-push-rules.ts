import { type CompiledPushRules, compilePushRules, parseUserId, type PushClass, type UserId } from '@magik/protocol'
import { NO_CHANGES, rulesetOf, type StoredPushRules } from './stored-push-rules.ts'

/** Rules that held up to a position. */
export interface EarlierRules {
  readonly until: number
  readonly rules: StoredPushRules
}

/** Rooms for which a user's classes are remembered. */
const MAX_ROOMS = 200

/** What a user's class in a room was up to a position. */
export interface ClassSpan {
  readonly until: number
  readonly class: PushClass
}

/** One user's push rules, as they are and as they were. */
export class UserPushRules {
  readonly userId: UserId
  readonly stored: StoredPushRules
  /** 0 while they are the server's. */
  readonly version: number
  /** Of the last change; 0 while they are the server's. */
  readonly position: number
  /** Oldest first. */
  readonly earlier: readonly EarlierRules[]
  readonly #compiled = new Map<StoredPushRules, CompiledPushRules>()
  readonly #classes = new Map<string, readonly ClassSpan[]>()

  constructor(
    userId: UserId,
    rules: { stored: StoredPushRules; version: number; position: number; earlier: readonly EarlierRules[] },
  ) {
    this.userId = userId
    this.stored = rules.stored
    this.version = rules.version
    this.position = rules.position
    this.earlier = rules.earlier
  }

  /** The rules of somebody who has changed nothing. */
  static unchanged(userId: UserId): UserPushRules {
    return new UserPushRules(userId, { stored: NO_CHANGES, version: 0, position: 0, earlier: [] })
  }

  /** The rules as they are. */
  get compiled(): CompiledPushRules {
    return this.#compile(this.stored)
  }

  /** The user's classes in a room, each with the position up to which it held; oldest first, the present one last. */
  classesIn(roomId: string): readonly ClassSpan[] {
    // Most users have changed nothing: they share what is worked out for one of them.
    if (this.stored === NO_CHANGES && this.earlier.length === 0) return UNCHANGED
    const known = this.#classes.get(roomId)
    if (known !== undefined) return known
    const classOf = (rules: StoredPushRules) => this.#compile(rules).inRoom(roomId).class
    const spans = [
      ...this.earlier.map(({ until, rules }) => ({ until, class: classOf(rules) })),
      { until: Number.MAX_SAFE_INTEGER, class: classOf(this.stored) },
    ]
    if (this.#classes.size >= MAX_ROOMS) this.#classes.clear()
    this.#classes.set(roomId, spans)
    return spans
  }

  #compile(stored: StoredPushRules): CompiledPushRules {
    let compiled = this.#compiled.get(stored)
    if (compiled === undefined) {
      compiled = compilePushRules(rulesetOf(this.userId, stored))
      this.#compiled.set(stored, compiled)
    }
    return compiled
  }
}

/** The class of those who have changed nothing, which is the same in every room. */
const UNCHANGED: readonly ClassSpan[] = [
  {
    until: Number.MAX_SAFE_INTEGER,
    class: compilePushRules(rulesetOf(parseUserId('@nobody:invalid'), NO_CHANGES)).inRoom('').class,
  },
]
