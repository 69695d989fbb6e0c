import { LRUCache } from 'lru-cache'

/** Devices and rooms whose told members are remembered. */
const REMEMBERED_ROOMS = 20_000

/** Members remembered for one device in one room; beyond it the memory of that room starts afresh. */
const REMEMBERED_MEMBERS = 500

/**
 * Remembers which member events a device has been told of, so that lazy loading does not tell them again and again.
 * Forgetting is harmless: the event is told once more.
 * @spec client-server-api/#lazy-loading-room-members
 */
export class LazyMembers {
  /** For each device in a room: member event to the position of the response that told it. */
  readonly #told = new LRUCache<string, Map<number, number>>({ max: REMEMBERED_ROOMS })

  /**
   * The member events, by number, that the device is not known to have; they go into the response at `upTo`.
   * @param since the position that the device has acknowledged: what was told later may never have arrived.
   */
  tell(
    deviceKey: string,
    roomNid: number,
    eventNids: readonly number[],
    span: { readonly since: number; readonly upTo: number },
  ): number[] {
    const key = `${roomNid}/${deviceKey}`
    let told = this.#told.get(key)
    if (told === undefined || told.size > REMEMBERED_MEMBERS) {
      told = new Map()
      this.#told.set(key, told)
    }
    const news: number[] = []
    for (const eventNid of eventNids) {
      const toldAt = told.get(eventNid)
      if (toldAt !== undefined && toldAt <= span.since) continue
      told.set(eventNid, span.upTo)
      news.push(eventNid)
    }
    return news
  }
}
