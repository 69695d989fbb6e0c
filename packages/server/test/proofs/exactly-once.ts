import {
  bodies,
  deliveryFaults,
  eventIds,
  Follower,
  fromFirstHeard,
  type RunningServer,
  type User,
} from '../harness/index.ts'

/** Messages that each member sends into each room. */
const MESSAGES = 6
const MEMBERS = 8
const ROOMS = 3

/**
 * Has the members of some rooms send all at once, while all follow by long-polling, until each has heard of all.
 * @returns a line for each event that somebody missed, heard of twice or in another order than the room's.
 */
export async function exactlyOnceFaults(server: RunningServer): Promise<string[]> {
  const users = await server.registerMany(Array.from({ length: MEMBERS }, (_, n) => `member${n}`))
  const [first, ...others] = users
  const rooms: string[] = []
  for (let n = 0; n < ROOMS; n += 1) rooms.push(await first!.createRoomWith(others))
  const followers = await Promise.all(
    users.map(async (user) => {
      const follower = new Follower(user)
      await follower.poll()
      return follower
    }),
  )
  const total = MESSAGES * MEMBERS
  const isDone = (follower: Follower) => rooms.every((room) => bodies(follower.seen(room)).includes(LAST))
  const following = Promise.all(
    followers.map(async (follower) => {
      while (!isDone(follower)) await follower.poll({ timeoutMs: 30_000 })
    }),
  )
  await Promise.all(rooms.flatMap((room) => users.map((user, sender) => sendAll(user, room, sender))))
  for (const room of rooms) await first!.send(room, LAST)
  await following
  const faults: string[] = []
  for (const room of rooms) {
    const timeline = await first!.timeline(room)
    const sent = new Set(bodies(timeline))
    if (sent.size !== total + 1) faults.push(`the room has ${sent.size} different messages instead of ${total + 1}`)
    followers.forEach((follower, n) => {
      const heard = eventIds(follower.seen(room))
      faults.push(...deliveryFaults(`member ${n}`, fromFirstHeard(eventIds(timeline), heard), heard))
    })
  }
  return faults
}

const LAST = 'the last message'

async function sendAll(user: User, room: string, sender: number): Promise<void> {
  await Promise.all(Array.from({ length: MESSAGES }, (_, n) => user.send(room, `message ${n} of ${sender}`)))
}
