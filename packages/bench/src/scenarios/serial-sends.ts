import { measureForTime } from '../measuring/closed-loop.ts'
import { measurementOf } from '../measuring/measurement.ts'
import { at } from '../world.ts'
import type { Scenario } from './scenario.ts'

/** One user sends to one room, each message after the last is acknowledged: what a message costs when nothing else is on. */
export const serialSends: Scenario = {
  name: 'serial-sends',
  about: 'one user sends to one room, one message after the other',
  async run({ world, instruments, effort }) {
    const room = at(await world.rooms(), 0)
    const window = await measureForTime(instruments, {
      concurrency: 1,
      warmUpMs: effort.durationMs * 0.1,
      windowMs: effort.durationMs * 0.5,
      operation: async () => {
        await world.send(room.creator, room)
      },
    })
    return [measurementOf('serial sends', 'messages', window)]
  },
}
