import type { EventId } from '../identifiers.ts'

/** Edges of a graph of events, by the event they lead from. */
export class GraphEdges {
  readonly #edges = new Map<EventId, EventId[]>()

  add(from: EventId, to: EventId): void {
    const targets = this.#edges.get(from)
    if (targets) targets.push(to)
    else this.#edges.set(from, [to])
  }

  /**
   * The events from which or from whose followers these edges lead, and all they lead to.
   * @param within where given, what is outside is not entered.
   */
  reachableFrom(starts: Iterable<EventId>, within?: ReadonlySet<EventId>): Set<EventId> {
    const reached = new Set<EventId>()
    const pending = [...starts]
    for (let eventId = pending.pop(); eventId !== undefined; eventId = pending.pop()) {
      if (reached.has(eventId) || (within && !within.has(eventId))) continue
      reached.add(eventId)
      pending.push(...(this.#edges.get(eventId) ?? []))
    }
    return reached
  }
}
