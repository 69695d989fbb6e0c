import { measureForTime, repeat } from '../measuring/closed-loop.ts'
import { measurementOf } from '../measuring/measurement.ts'
import { at, type Room, type World } from '../world.ts'
import type { Scenario } from './scenario.ts'

const CONCURRENCY = 4
const PAGE_LIMIT = 50
const PAGES_PER_WALK = 2

/** Each walk reads only messages, whatever the traffic before: that makes the pages the same for every server. */
const MESSAGES_PER_ROOM = PAGE_LIMIT * PAGES_PER_WALK + 10

/** Scrolling back: workers read the newest two pages of a room, each worker in its own. */
export const messages: Scenario = {
  name: 'messages',
  about: `read history by /messages, ${PAGE_LIMIT} events a page, ${CONCURRENCY} readers`,
  async run({ world, instruments, effort }) {
    const rooms = (await world.rooms()).slice(0, CONCURRENCY)
    await fillUp(world, rooms)
    const ends: (string | undefined)[] = []
    const window = await measureForTime(instruments, {
      concurrency: CONCURRENCY,
      warmUpMs: effort.durationMs * 0.1,
      windowMs: effort.durationMs * 0.4,
      operation: async (index) => {
        const room = at(rooms, index)
        const from = ends[index % rooms.length]
        const page = await room.creator.messages(room.roomId, { limit: PAGE_LIMIT, from })
        if (page.events.length !== PAGE_LIMIT) throw new Error(`a page held ${page.events.length} events`)
        ends[index % rooms.length] = from === undefined ? page.end : undefined
      },
    })
    return [measurementOf('message pages', 'pages', window)]
  },
}

async function fillUp(world: World, rooms: readonly Room[]): Promise<void> {
  const lacking = rooms.flatMap((room) =>
    Array.from({ length: Math.max(0, MESSAGES_PER_ROOM - room.acknowledged.length) }, () => room),
  )
  await repeat(lacking.length, CONCURRENCY * 2, async (index) => {
    const room = at(lacking, index)
    await world.send(room.creator, room)
  })
}
