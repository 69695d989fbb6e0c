import type { PersonalRule, PushClass, RoomPushRules } from './compile-push-rules.ts'
import type { PushOwner } from './push-condition.ts'

/** A member of a room with their rules there. */
export interface PushMember extends PushOwner {
  readonly rules: RoomPushRules
}

/** Members who have a rule of the same text. */
export interface PushWatch<Member extends PushMember> {
  readonly rule: PersonalRule
  readonly members: ReadonlySet<Member>
}

/**
 * The members of a room whom its events may concern, arranged so that an event is held against each class and each
 * different rule once, however many members share it.
 */
export class PushAudience<Member extends PushMember = PushMember> {
  readonly #members = new Map<string, Member>()
  readonly #classes = new Map<string, { class: PushClass; members: number }>()
  readonly #watches = new Map<string, { rule: PersonalRule; members: Set<Member> }>()

  /** How many members there are. */
  get size(): number {
    return this.#members.size
  }

  /** The classes that members are of. */
  get classes(): Iterable<PushClass> {
    return this.#classes.values().map((entry) => entry.class)
  }

  /** The different rules of the members' own. */
  get watches(): Iterable<PushWatch<Member>> {
    return this.#watches.values()
  }

  get(userId: string): Member | undefined {
    return this.#members.get(userId)
  }

  /** Adds a member, or replaces what was known of them. */
  set(member: Member): void {
    this.delete(member.userId)
    this.#members.set(member.userId, member)
    const { class: pushClass, personal } = member.rules
    const entry = this.#classes.get(pushClass.key)
    if (entry === undefined) this.#classes.set(pushClass.key, { class: pushClass, members: 1 })
    else entry.members += 1
    for (const rule of personal) {
      // Those that name the user are found by whom the event names.
      if (rule.isDefault) continue
      const watch = this.#watches.get(rule.text)
      if (watch === undefined) this.#watches.set(rule.text, { rule, members: new Set([member]) })
      else watch.members.add(member)
    }
  }

  /** Takes a member out. */
  delete(userId: string): void {
    const member = this.#members.get(userId)
    if (member === undefined) return
    this.#members.delete(userId)
    const { class: pushClass, personal } = member.rules
    const entry = this.#classes.get(pushClass.key)
    if (entry !== undefined && --entry.members === 0) this.#classes.delete(pushClass.key)
    for (const { text } of personal) {
      const members = this.#watches.get(text)?.members
      members?.delete(member)
      if (members?.size === 0) this.#watches.delete(text)
    }
  }
}
