import { stringField } from '../matrix/json-fields.ts'
import type { Room } from '../world.ts'

/** How many events a page of the check asks for. */
const PAGE_LIMIT = 500

/**
 * Reads each room's whole history and checks it against what was acknowledged.
 * @throws Error if an acknowledged event is missing, or any event is there twice.
 */
export async function verifyDelivery(rooms: readonly Room[]): Promise<void> {
  for (const room of rooms) {
    const delivered = await wholeHistory(room)
    const distinct = new Set(delivered)
    const missing = room.acknowledged.filter((eventId) => !distinct.has(eventId))
    if (missing.length > 0) {
      throw new Error(
        `${missing.length} of ${room.acknowledged.length} acknowledged events are not in their room, one is ${missing[0]}`,
      )
    }
    if (new Set(room.acknowledged).size !== room.acknowledged.length) {
      throw new Error('two different messages were acknowledged with the same event ID')
    }
    if (distinct.size !== delivered.length) {
      throw new Error(`${delivered.length - distinct.size} events are in their room more than once`)
    }
  }
}

/** @returns the IDs of all events that the pages of the room's history hold. */
async function wholeHistory(room: Room): Promise<readonly string[]> {
  const eventIds: string[] = []
  let from: string | undefined
  do {
    const page = await room.creator.messages(room.roomId, { limit: PAGE_LIMIT, from })
    for (const event of page.events) eventIds.push(stringField(event, 'event_id'))
    if (page.end !== undefined && page.end === from) throw new Error('a page of history ends where it began')
    from = page.end
  } while (from !== undefined)
  return eventIds
}
