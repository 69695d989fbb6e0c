import { expect, test } from 'vitest'
import {
  type Client,
  deliveryFaults,
  eventIds,
  Follower,
  fromFirstHeard,
  path,
  type ServerProcess,
  startProcess,
  temporaryFolder,
  until,
  type User,
} from '../harness/index.ts'

const CLIENTS = 50
const ROOMS = 8
/** Acknowledged messages after which the server is killed, in each round. */
const ACKNOWLEDGED_PER_ROUND = 250
const ROUNDS = 3

/** A message as its sender knows it. */
interface Sending {
  readonly sender: number
  readonly room: string
  readonly txnId: string
  /** Undefined until acknowledged. */
  eventId: string | undefined
}

test('kill -9 while fifty clients send: nothing acknowledged is lost, nothing is there twice, old tokens go on', async () => {
  // given fifty clients in some rooms, two of them following
  const folder = temporaryFolder()
  let server = await startProcess(folder)
  let users = await registerAll(server)
  const rooms = await Promise.all(users.slice(0, ROOMS).map((user) => user.createRoom({ preset: 'public_chat' })))
  await Promise.all(rooms.flatMap((room) => users.map((user) => user.join(room))))
  const followers = [new Follower(users[0]!), new Follower(users[CLIENTS - 1]!)]
  await Promise.all(followers.map((follower) => follower.poll()))
  const sendings: Sending[] = []
  const accounts: User[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    // when the server is killed while all of them send, some register and two long-poll
    const load = new Load(users, rooms, round, sendings)
    const registering = registerUntilRefused(server, round, accounts)
    const following = followers.map((follower) => followUntilRefused(follower))
    await until('enough is acknowledged', () => load.acknowledged >= ACKNOWLEDGED_PER_ROUND, 30_000)
    await server.kill()
    await Promise.all([load.ended, registering, ...following])
    // and another goes on with its database
    server = await startProcess(folder)
    users = users.map((user) => user.through(server.transport))
    followers[0]!.continueWith(users[0]!)
    followers[1]!.continueWith(users[CLIENTS - 1]!)
    // then each client may repeat what was not acknowledged
    const open = sendings.filter(({ eventId }) => eventId === undefined)
    expect(open.length).toBeGreaterThan(0)
    await Promise.all(open.map((sending) => send(users, sending)))
  }
  await Promise.all(followers.map((follower) => follower.catchUp()))
  // and every acknowledged event is there once, under the ID it was acknowledged with
  const expected = new Map(sendings.map(({ txnId, eventId }) => [txnId, eventId!]))
  expect(expected.size).toBe(sendings.length)
  const found: [string, string][] = []
  const faults: string[] = []
  for (const room of rooms) {
    const timeline = await users[1]!.timeline(room)
    for (const { type, content, event_id: id } of timeline) {
      if (type === 'm.room.message') found.push([String(content['body']), id])
    }
    followers.forEach((follower, index) => {
      const heard = eventIds(follower.seen(room))
      faults.push(...deliveryFaults(`follower ${index}`, fromFirstHeard(eventIds(timeline), heard), heard))
    })
  }
  expect(found.length).toBe(sendings.length)
  expect(Object.fromEntries(found)).toEqual(Object.fromEntries(expected))
  expect(faults).toEqual([])
  // and a transaction that was acknowledged before the last kill is still answered with its event
  for (const { sender, room, txnId, eventId } of sendings.filter((_, n) => n % 20 === 0)) {
    expect((await users[sender]!.send(room, txnId, { txnId })).event_id).toBe(eventId)
  }
  // and so is every acknowledged account, with its token
  expect(accounts.length).toBeGreaterThan(0)
  for (const account of accounts) {
    expect(await account.through(server.transport).get('/account/whoami')).toMatchObject({ user_id: account.userId })
  }
  expect(await server.stop()).toBe(0)
}, 120_000)

async function registerAll(server: ServerProcess): Promise<User[]> {
  return Promise.all(Array.from({ length: CLIENTS }, (_, n) => server.register(`client${n}`)))
}

/** Every client sends one message after the other, in room after room, until the server is gone. */
class Load {
  acknowledged = 0
  readonly ended: Promise<unknown>

  constructor(users: readonly User[], rooms: readonly string[], round: number, sendings: Sending[]) {
    this.ended = Promise.all(
      users.map(async (_, sender) => {
        for (let n = 0; ; n += 1) {
          const room = rooms[(sender + n) % rooms.length]!
          const sending: Sending = {
            sender,
            room,
            txnId: `client ${sender}, round ${round}, message ${n}`,
            eventId: undefined,
          }
          sendings.push(sending)
          try {
            await send(users, sending)
            this.acknowledged += 1
          } catch {
            return
          }
        }
      }),
    )
  }
}

async function send(users: readonly User[], sending: Sending): Promise<void> {
  const { sender, room, txnId } = sending
  const { event_id: eventId } = await users[sender]!.send(room, txnId, { txnId })
  sending.eventId = eventId
}

async function registerUntilRefused(server: ServerProcess, round: number, accounts: User[]): Promise<void> {
  try {
    for (let n = 0; ; n += 1) accounts.push(await server.register(`account${round}-${n}`))
  } catch {
    // The server is gone.
  }
}

async function followUntilRefused(follower: Follower): Promise<void> {
  try {
    for (;;) await follower.poll({ timeoutMs: 30_000 })
  } catch {
    // The server is gone.
  }
}

test('kill -9 right after the first start: the second start goes on', async () => {
  const folder = temporaryFolder()
  const first = await startProcess(folder)
  const alice = await first.register('alice')
  await first.kill()
  const second = await startProcess(folder)
  const client: Client = alice.through(second.transport)
  expect(await client.get(path`/profile/${alice.userId}`)).toMatchObject({ displayname: 'alice' })
})
