import { measureForTime } from '../measuring/closed-loop.ts'
import { measurementOf } from '../measuring/measurement.ts'
import { at } from '../world.ts'
import { verifyDelivery } from './delivery.ts'
import type { Scenario } from './scenario.ts'

/** Many users send to many rooms at once; then every acknowledged message must be found in its room exactly once. */
export const loadedSends: Scenario = {
  name: 'loaded-sends',
  about: 'many users send to many rooms at once; then every acknowledged message must be there once',
  async run({ world, instruments, effort }) {
    const rooms = await world.rooms()
    const members = await world.members()
    const window = await measureForTime(instruments, {
      concurrency: effort.concurrency,
      warmUpMs: effort.durationMs * 0.2,
      windowMs: effort.durationMs,
      operation: async (index) => {
        // The offset moves by one with each turn through the members, so that every member comes to send to every room.
        const sender = at(members, index + Math.floor(index / members.length))
        await world.send(sender, at(rooms, index))
      },
    })
    await verifyDelivery(rooms)
    return [measurementOf('loaded sends', 'messages', window)]
  },
}
