import { measureCount } from '../measuring/closed-loop.ts'
import { type Measurement, measurementOf } from '../measuring/measurement.ts'
import { at, type PendingJoin } from '../world.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

const CONCURRENCY = 8

/** How many users join the one room. */
const ONE_ROOM_JOINS = 100

/** Joining: users who fill the shared rooms, many rooms at a time, and then a hundred users who fill one new room. */
export const join: Scenario = {
  name: 'join',
  about: 'join many rooms in turn, then one room, 8 at once',
  async run(context) {
    const measurements: Measurement[] = []
    const { world } = context
    await world.rooms(async (joins) => {
      measurements.push(await measureJoins(context, 'join, many rooms', joins))
    })
    const joiners = await world.outsiders(ONE_ROOM_JOINS)
    const room = await world.createRoom(at(await world.members(), 0), 'One room')
    const joins = joiners.map((member) => ({ member, room }))
    measurements.push(await measureJoins(context, 'join, one room', joins))
    return measurements
  },
}

async function measureJoins(
  { instruments }: ScenarioContext,
  name: string,
  joins: readonly PendingJoin[],
): Promise<Measurement> {
  const window = await measureCount(instruments, {
    concurrency: CONCURRENCY,
    warmUpCount: Math.floor(joins.length / 10),
    count: joins.length,
    operation: async (index) => {
      const { member, room } = at(joins, index)
      await member.join(room.roomId)
    },
  })
  return measurementOf(name, 'joins', window)
}
