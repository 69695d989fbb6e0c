import { failureOf, resolvesWithin } from '../clock.ts'
import type { Session } from '../matrix/session.ts'
import { repeat } from '../measuring/closed-loop.ts'
import { joinWindows, type Measurement, measurementOf, type Window } from '../measuring/measurement.ts'
import { Stopwatch } from '../measuring/stopwatch.ts'
import { at, type Room } from '../world.ts'
import { Listener } from './listener.ts'
import type { Scenario, ScenarioContext } from './scenario.ts'

/** Members of the small room. They are members of the large one as well. */
const FEW = 10

/** Members of the large room who long-poll /sync in the second part. */
const CLIENTS = 40

/** How many set-up requests are under way at once: ten thousand members are to be made in seconds. */
const SETUP_CONCURRENCY = 64

/** Messages to one room before it is the other's turn: enough that the kernel's clock ticks do not show. */
const BLOCK = 50

/** Messages to each room in each part, per second of the effort's duration. */
const MESSAGES_PER_SECOND = 20

/** How long a message may take to reach everyone who listens. */
const DELIVERY_LIMIT_MS = 30_000

/**
 * What the number of members costs: one user sends to a room of ten members and to one of ten thousand in turn, each
 * message once the one before has reached all clients that hear it. First the ten who are in both rooms long-poll /sync,
 * so that a message is delivered equally often; then forty members of the large room do.
 */
export const largeRoom: Scenario = {
  name: 'large-room',
  about: 'one user sends to a room of 10 members and to a very large one in turn, while members long-poll /sync',
  onRequest: true,
  async run(context) {
    const { crowd } = context.world.shape
    if (crowd < CLIENTS) throw new Error(`the large room takes at least ${CLIENTS} members`)
    const { members, small, large } = await makeRooms(context)
    const measurements: Measurement[] = []
    for (const clients of [FEW, CLIENTS]) {
      const [few, many] = await measureInTurn(context, { members: members.slice(0, clients), small, large })
      const heard = (hearers: number) => `${hearers}${clients === FEW ? '' : ` of ${clients}`} clients hear it`
      const name = `message to ${FEW} members, ${heard(FEW)}`
      measurements.push(measurementOf(name, 'messages', few))
      measurements.push({
        ...measurementOf(`message to ${crowd} members, ${heard(clients)}`, 'messages', many),
        against: name,
      })
    }
    return measurements
  },
}

interface TwoRooms {
  /** Members of the large room; the first few are those of the small one. The first made both. */
  readonly members: readonly Session[]
  readonly small: Room
  readonly large: Room
}

async function makeRooms({ world }: ScenarioContext): Promise<TwoRooms> {
  const { crowd } = world.shape
  const members: Session[] = []
  await repeat(crowd, SETUP_CONCURRENCY, async (index) => {
    members[index] = await world.register(`crowd-${index}`)
  })
  const [creator] = members
  if (creator === undefined) throw new Error('nobody was registered')
  const small = await world.createRoom(creator, 'Few')
  const large = await world.createRoom(creator, 'Many')
  for (const member of members.slice(1, FEW)) await member.join(small.roomId)
  await repeat(crowd - 1, SETUP_CONCURRENCY, (index) => at(members, index + 1).join(large.roomId))
  for (const [room, expected] of [
    [small, FEW],
    [large, crowd],
  ] as const) {
    const count = await creator.joinedMemberCount(room.roomId)
    if (count !== expected) throw new Error(`${count} users are joined where ${expected} joined`)
  }
  return { members, small, large }
}

/** @returns what was seen while sending to the small room, and to the large one. */
async function measureInTurn(
  context: ScenarioContext,
  { members, small, large }: TwoRooms,
): Promise<readonly [Window, Window]> {
  const { instruments, effort } = context
  const blocks = Math.max(1, Math.round((effort.durationMs / 1_000) * (MESSAGES_PER_SECOND / BLOCK)))
  const listeners = members.map((member, index) => {
    const roomIds = index < FEW ? [small.roomId, large.roomId] : [large.roomId]
    return new Listener(member, roomIds, instruments.clock)
  })
  for (const listener of listeners) await listener.catchUp()
  // One block for each room comes before the measured ones.
  const messages = (blocks + 1) * BLOCK
  const listening = Promise.all(
    listeners.map((listener, index) => listener.listen(index < FEW ? 2 * messages : messages)),
  )
  const traffic = async () => {
    const seen: { readonly few: Window[]; readonly many: Window[] } = { few: [], many: [] }
    for (let block = 0; block <= blocks; block++) {
      const few = await sendBlock(context, small, listeners.slice(0, FEW))
      const many = await sendBlock(context, large, listeners)
      if (block === 0) continue
      seen.few.push(few)
      seen.many.push(many)
    }
    await listening
    return [joinWindows(seen.few), joinWindows(seen.many)] as const
  }
  // A listener that fails ends the run at once.
  return await Promise.race([traffic(), failureOf(listening)])
}

/** Sends messages one after the other, each when all who are to hear the last one have heard it. */
async function sendBlock(
  { world, instruments }: ScenarioContext,
  room: Room,
  hearers: readonly Listener[],
): Promise<Window> {
  const { clock } = instruments
  const stopwatch = new Stopwatch(instruments)
  for (let message = 0; message < BLOCK; message++) {
    const startedMs = clock.now()
    const eventId = await world.send(room.creator, room)
    const heard = Promise.all(hearers.map((hearer) => hearer.arrival(eventId)))
    if (!(await resolvesWithin(clock, DELIVERY_LIMIT_MS, heard))) {
      throw new Error(`acknowledged event ${eventId} did not reach everyone by /sync`)
    }
    stopwatch.record(clock.now() - startedMs)
  }
  return stopwatch.stop()
}
