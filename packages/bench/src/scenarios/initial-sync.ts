import { parseRecord, recordField } from '../matrix/json-fields.ts'
import { measureForTime } from '../measuring/closed-loop.ts'
import { type Measurement, measurementOf } from '../measuring/measurement.ts'
import { at, type World } from '../world.ts'
import type { Scenario } from './scenario.ts'

/** First syncs of users who are in all the rooms, one at a time: with every member's state, and with members loaded lazily. */
export const initialSync: Scenario = {
  name: 'initial-sync',
  about: 'first /sync of a user in all rooms, without and with lazy-loaded members',
  async run({ world, instruments, effort }) {
    const rooms = await world.rooms()
    const members = await world.members()
    const measurements: Measurement[] = []
    for (const lazy of [false, true]) {
      await checkComplete(world, syncFilter(lazy, -1), rooms.length)
      const window = await measureForTime(instruments, {
        concurrency: 1,
        warmUpMs: effort.durationMs * 0.1,
        windowMs: effort.durationMs * 0.4,
        operation: async (index) => {
          await at(members, index).sync({ filter: syncFilter(lazy, index) })
        },
      })
      measurements.push(measurementOf(`initial sync, ${lazy ? 'lazy' : 'all'} members`, 'syncs', window))
    }
    return measurements
  },
}

/** A filter that differs with `index` without filtering differently, so that no server can answer from a cache of responses. */
function syncFilter(lazyLoadMembers: boolean, index: number): string {
  return JSON.stringify({
    room: { state: { lazy_load_members: lazyLoadMembers } },
    account_data: { not_types: [`org.example.none.${index}`] },
  })
}

async function checkComplete(world: World, filter: string, roomCount: number): Promise<void> {
  const reply = parseRecord(await at(await world.members(), 0).sync({ filter }))
  const joined = Object.keys(recordField(recordField(reply, 'rooms'), 'join')).length
  if (joined < roomCount) throw new Error(`an initial sync showed ${joined} of ${roomCount} rooms`)
}
