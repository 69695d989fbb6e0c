import type { EventId, RoomEvent } from '@magik/protocol'

/**
 * Sorts events so that each comes after those that it names and that are among them. Events on a circle, and those above
 * it, are left out.
 * @param events of several with one ID the last counts.
 * @param namedBy the references to follow: `prev_events` or `auth_events`.
 */
export function inGraphOrder(
  events: readonly RoomEvent[],
  namedBy: (event: RoomEvent) => readonly EventId[],
): RoomEvent[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  const waitingFor = new Map<EventId, number>()
  const followers = new Map<EventId, RoomEvent[]>()
  const ready: RoomEvent[] = []
  for (const event of byId.values()) {
    const within = [...new Set(namedBy(event))].filter((eventId) => byId.has(eventId))
    waitingFor.set(event.eventId, within.length)
    if (within.length === 0) ready.push(event)
    for (const eventId of within) {
      const earlier = followers.get(eventId)
      if (earlier === undefined) followers.set(eventId, [event])
      else earlier.push(event)
    }
  }
  for (const event of ready) {
    for (const follower of followers.get(event.eventId) ?? []) {
      const left = (waitingFor.get(follower.eventId) ?? 0) - 1
      waitingFor.set(follower.eventId, left)
      if (left === 0) ready.push(follower)
    }
  }
  return ready
}
