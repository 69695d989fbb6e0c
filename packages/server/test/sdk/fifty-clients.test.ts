import { Preset } from 'matrix-js-sdk'
import { expect, test } from 'vitest'
import { deliveryFaults, startProcess, temporaryFolder, until } from '../harness/index.ts'
import { SdkUser } from './sdk-client.ts'

const CLIENTS = 50
const SMALL_ROOMS = 9
const MESSAGES = 1_000
/** Of these, sent into the room that everybody is in. */
const IN_LARGE_ROOM = 200
const DEADLINE_MS = 60_000

interface ChatRoom {
  readonly id: string
  readonly members: readonly SdkUser[]
  /** IDs of the messages, as their senders were told. */
  readonly sent: string[]
}

test('fifty clients, ten rooms, a thousand messages and a restart: everyone sees everything once and in one order', async () => {
  // given a room for all and some for a few each
  const folder = temporaryFolder()
  let server = await startProcess(folder)
  const { port, baseUrl } = server
  const users = await Promise.all(Array.from({ length: CLIENTS }, (_, n) => SdkUser.register(baseUrl, `user${n}`)))
  const rooms = await Promise.all([
    makeRoom(users),
    ...Array.from({ length: SMALL_ROOMS }, (_, n) =>
      makeRoom(users.filter((_, user) => user % SMALL_ROOMS === n || user % 10 === n)),
    ),
  ])
  await until('everybody has their rooms', () => rooms.every(isSettled), DEADLINE_MS)
  // when half of the messages are sent, the server restarts, and the other half is sent
  await sendAll(rooms, MESSAGES / 2)
  expect(await server.stop()).toBe(0)
  server = await startProcess(folder, { port })
  await until('everybody is back', () => users.map((user) => user.isSyncing()).every(Boolean), DEADLINE_MS)
  await sendAll(rooms, MESSAGES / 2)
  // then everybody hears of every message
  const hasHeard = ({ id, members, sent }: ChatRoom) =>
    members.every((user) => user.announced(id).includes(sent.at(-1)!))
  await until('everybody has heard the last', () => rooms.every(hasHeard), DEADLINE_MS)
  expect(rooms.flatMap(({ sent }) => sent)).toHaveLength(MESSAGES)
  const faults: string[] = []
  for (const { id, members, sent } of rooms) {
    const order = await members[0]!.scrolledUp(id)
    if (new Set(order).size !== sent.length) faults.push(`${id} has ${order.length} messages instead of ${sent.length}`)
    faults.push(
      ...deliveryFaults(
        'the senders',
        order,
        order.filter((event) => sent.includes(event)),
      ),
    )
    for (const user of members) {
      faults.push(...deliveryFaults(`${user.userId}, as it came`, order, user.announced(id)))
      faults.push(...deliveryFaults(`${user.userId}, scrolled up`, order, await user.scrolledUp(id)))
    }
  }
  expect(faults).toEqual([])
}, 180_000)

async function makeRoom(members: readonly SdkUser[]): Promise<ChatRoom> {
  const [creator, ...others] = members
  const { room_id: id } = await creator!.client.createRoom({ preset: Preset.PublicChat })
  await Promise.all(others.map((user) => user.client.joinRoom(id)))
  return { id, members, sent: [] }
}

function isSettled({ id, members }: ChatRoom): boolean {
  return members.every((user) => user.client.getRoom(id)?.getJoinedMemberCount() === members.length)
}

/** Sends that many messages, all rooms at once; in each room some members write at the same time. */
async function sendAll(rooms: readonly ChatRoom[], total: number): Promise<void> {
  const share = IN_LARGE_ROOM / MESSAGES
  const [large, ...small] = rooms
  let left = total
  const send = async (room: ChatRoom, count: number) => {
    left -= count
    for (let n = 0; n < count; n += 4) {
      const writers = Array.from(
        { length: Math.min(4, count - n) },
        (_, w) => room.members[(n * 3 + w) % room.members.length]!,
      )
      const answers = await Promise.all(
        writers.map((user, w) => user.client.sendTextMessage(room.id, `message ${n + w}`)),
      )
      room.sent.push(...answers.map(({ event_id: id }) => id))
    }
  }
  const each = Math.floor((total * (1 - share)) / small.length)
  const sending = small.map((room) => send(room, each))
  await Promise.all([...sending, send(large!, left)])
}
