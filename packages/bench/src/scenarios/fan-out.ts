import { failureOf, resolvesWithin } from '../clock.ts'
import { measurementOf } from '../measuring/measurement.ts'
import { Stopwatch } from '../measuring/stopwatch.ts'
import { at, type Room } from '../world.ts'
import { Listener } from './listener.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

/** How long after the last message its receipts are waited for. */
const DRAIN_LIMIT_MS = 30_000

/**
 * One user sends to a room at a steady pace while every member long-polls /sync: the time from the start of the send call
 * to the moment each member has the event. Messages start when they are due, whether or not the last was acknowledged.
 */
export const fanOut: Scenario = {
  name: 'fan-out',
  about: 'one user sends at a steady pace to a room whose members all long-poll /sync',
  async run(context) {
    const { world, instruments, effort } = context
    const room = at(await world.rooms(), 0)
    const { clock } = instruments
    const listeners = (await world.members()).map((member) => new Listener(member, [room.roomId], clock))
    for (const listener of listeners) await listener.catchUp()

    const warmUp = Math.ceil(effort.pacePerSecond)
    const measured = Math.max(1, Math.round((effort.durationMs / 1_000) * effort.pacePerSecond))
    const listening = Promise.all(listeners.map((listener) => listener.listen(warmUp + measured)))
    const traffic = async () => {
      await sendPaced(context, room, warmUp)
      const stopwatch = new Stopwatch(instruments)
      const sends = await sendPaced(context, room, measured)
      await resolvesWithin(clock, DRAIN_LIMIT_MS, listening)
      for (const [eventId, startedMs] of sends) {
        for (const listener of listeners) stopwatch.record(listener.receivedMs(eventId) - startedMs)
      }
      return stopwatch.stop(measured)
    }
    // A listener that fails ends the run at once.
    const window = await Promise.race([traffic(), failureOf(listening)])
    return [measurementOf(`fan-out to ${listeners.length}`, 'messages', window)]
  },
}

/** @returns when the send call of each message began, by its event ID. */
async function sendPaced(
  { world, effort, instruments: { clock } }: ScenarioContext,
  room: Room,
  count: number,
): Promise<ReadonlyMap<string, number>> {
  const startMs = clock.now()
  const sends: Promise<readonly [string, number]>[] = []
  for (let index = 0; index < count; index++) {
    const dueMs = startMs + (index * 1_000) / effort.pacePerSecond
    await clock.sleep(Math.max(0, dueMs - clock.now()))
    const startedMs = clock.now()
    const send = world.send(room.creator, room).then((eventId) => [eventId, startedMs] as const)
    // Awaited below; until then a failure must not count as unhandled.
    send.catch(() => undefined)
    sends.push(send)
  }
  return new Map(await Promise.all(sends))
}
