import { parseUserId, type UserId } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { UserStore } from '../../storage/user-store.ts'
import type { Numbers } from '../events/numbers.ts'

const CACHED_USERS = 100_000

/** Translates between users' IDs and the numbers that stand for them in the database. */
export class UserNumbers {
  readonly #store: UserStore
  readonly #numbers: Numbers
  readonly #nids = new LRUCache<string, number>({ max: CACHED_USERS })
  readonly #ids = new LRUCache<number, UserId>({ max: CACHED_USERS })

  constructor(deps: { store: UserStore; numbers: Numbers }) {
    this.#store = deps.store
    this.#numbers = deps.numbers
  }

  /** The number at hand in memory, for paths that must not wait. */
  cached(userId: string): number | undefined {
    return this.#nids.get(userId)
  }

  /** The number of a user, if the user is known to the database. */
  async find(userId: UserId): Promise<number | undefined> {
    const cached = this.#nids.get(userId)
    if (cached !== undefined) return cached
    const nid = await this.#store.findNid(userId)
    if (nid !== undefined) this.confirm(userId, nid)
    return nid
  }

  /** The ID behind a number. A number that stands for nobody is a bug. */
  async userId(userNid: number): Promise<UserId> {
    const cached = this.#ids.get(userNid)
    if (cached !== undefined) return cached
    const text = await this.#store.findId(userNid)
    if (text === undefined) throw new Error(`no user has number ${userNid}`)
    const userId = parseUserId(text)
    this.confirm(userId, userNid)
    return userId
  }

  /**
   * The user's number, a new one if need be. `write` must then stand in the entry that first refers to the user;
   * `confirm` is called once that entry is durable.
   */
  async assign(userId: UserId): Promise<{ nid: number; write: BoundWrite | undefined }> {
    const known = await this.find(userId)
    if (known !== undefined) return { nid: known, write: undefined }
    const nid = await this.#numbers.next('user')
    return { nid, write: this.#store.insert(nid, userId) }
  }

  /** Remembers a pair that is known to be durable. */
  confirm(userId: UserId, nid: number): void {
    this.#nids.set(userId, nid)
    this.#ids.set(nid, userId)
  }
}
