import type { UserId } from '@magik/protocol'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { UserNumbers } from '../users/user-numbers.ts'

/** The users that one commit refers to: each that is new to the database is made known once. */
export class EntryUsers {
  readonly #userNumbers: UserNumbers
  readonly #new = new Map<UserId, { nid: number; write: BoundWrite }>()

  constructor(userNumbers: UserNumbers) {
    this.#userNumbers = userNumbers
  }

  /** The user's number, a new one if need be. */
  async numberOf(userId: UserId): Promise<number> {
    const known = this.#userNumbers.cached(userId) ?? this.#new.get(userId)?.nid
    if (known !== undefined) return known
    const { nid, write } = await this.#userNumbers.assign(userId)
    if (write !== undefined) this.#new.set(userId, { nid, write })
    return nid
  }

  /** The statements that make the new ones known: first in the entry. */
  get writes(): BoundWrite[] {
    return [...this.#new.values()].map(({ write }) => write)
  }

  /** The entry is durable. */
  confirm(): void {
    for (const [userId, { nid }] of this.#new) this.#userNumbers.confirm(userId, nid)
  }
}
