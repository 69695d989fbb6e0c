import {
  type ClientEvent,
  path,
  Refusal,
  type RoomSection,
  type SyncReply,
  type RunningServer,
  type User,
} from '../harness/index.ts'

const STEPS = 120

/** What a client knows of a room from nothing but the answers of `/sync`. */
interface KnownRoom {
  membership: 'join' | 'invite' | 'leave'
  /** ID of the event in force, by type and state key. */
  readonly state: Map<string, string>
}

/** A client that keeps room state as the spec says: state section first, then the timeline's state events. */
class StateKeeper {
  readonly user: User
  readonly rooms = new Map<string, KnownRoom>()
  readonly #timelineLimit: number
  #since: string | undefined

  constructor(user: User, timelineLimit: number) {
    this.user = user
    this.#timelineLimit = timelineLimit
  }

  async poll(): Promise<void> {
    const reply = await this.user.sync({
      filter: { room: { timeline: { limit: this.#timelineLimit } } },
      ...(this.#since !== undefined && { since: this.#since }),
    })
    this.#since = reply.next_batch
    this.#apply(reply)
  }

  #apply({ rooms }: SyncReply): void {
    for (const [id, section] of Object.entries(rooms?.join ?? {})) this.#enter(id, 'join', section)
    for (const [id, section] of Object.entries(rooms?.leave ?? {})) this.#enter(id, 'leave', section)
    for (const id of Object.keys(rooms?.invite ?? {})) this.#room(id).membership = 'invite'
  }

  #enter(id: string, membership: KnownRoom['membership'], { state, timeline }: RoomSection): void {
    const room = this.#room(id)
    room.membership = membership
    for (const event of [...state.events, ...timeline.events]) {
      if (event.state_key !== undefined) room.state.set(`${event.type}|${event.state_key}`, event.event_id)
    }
  }

  #room(id: string): KnownRoom {
    const room = this.rooms.get(id) ?? { membership: 'leave', state: new Map() }
    this.rooms.set(id, room)
    return room
  }
}

/**
 * Has some users do whatever comes to their minds, while clients of different patience follow, and compares what these
 * know in the end with what the server says of the rooms.
 * @param seed the same seed, the same deeds.
 * @returns a line for each client that knows a room otherwise than it is.
 */
export async function convergenceFaults(server: RunningServer, seed: number): Promise<string[]> {
  const users = await server.registerMany(['alice', 'bob', 'carol', 'dave'])
  const draw = seededDraw(seed)
  const anyUser = () => users[draw(users.length)]!
  const keepers = users.map((user, n) => new StateKeeper(user, [1, 2, 5, 50][n]!))
  const rooms = [
    await users[0]!.createRoom({ preset: 'private_chat' }),
    await users[1]!.createRoom({ preset: 'public_chat', roomVersion: '11' }),
    await users[2]!.createRoom({ preset: 'public_chat' }),
  ]
  for (let step = 0; step < STEPS; step += 1) {
    await Promise.all(
      Array.from({ length: 1 + draw(3) }, () => act(anyUser(), rooms[draw(rooms.length)]!, anyUser(), draw(12), step)),
    )
    if (draw(3) === 0) await keepers[draw(keepers.length)]!.poll()
  }
  for (const keeper of keepers) await keeper.poll()
  const faults: string[] = []
  for (const keeper of keepers) for (const room of rooms) faults.push(...(await roomFaults(keeper, room, users)))
  return faults
}

async function roomFaults({ user, rooms }: StateKeeper, room: string, users: readonly User[]): Promise<string[]> {
  const who = `${user.userId} in ${room}`
  const actual = await membershipOf(user, room, users)
  const known = rooms.get(room)
  const membership = known?.membership ?? 'leave'
  if (membership !== (actual === 'ban' ? 'leave' : actual)) return [`${who}: knows ${membership}, is ${actual}`]
  if (known === undefined || actual !== 'join') return []
  const faults: string[] = []
  const state = await user.allState(room)
  for (const event of state) {
    const key = `${event.type}|${event.state_key}`
    if (known.state.get(key) !== event.event_id) faults.push(`${who}: does not know the present ${key}`)
  }
  if (known.state.size !== state.length)
    faults.push(`${who}: knows ${known.state.size} of ${state.length} state events`)
  const members = await user.joinedMembers(room)
  if (members.join() !== joinedIn(state).join()) faults.push(`${who}: /joined_members and /state disagree`)
  return faults
}

/** One of the things that users do; what is not allowed does not happen. */
async function act(user: User, room: string, other: User, action: number, step: number): Promise<void> {
  const actions = [
    () => user.send(room, `step ${step}`),
    () => user.send(room, `step ${step}`),
    () => user.send(room, `step ${step}`),
    () => user.setState(room, 'm.room.topic', { topic: `step ${step}` }),
    () => user.setState(room, 'org.example.seat', { step }, user.userId),
    () => user.join(room),
    () => user.join(room),
    () => user.leave(room),
    () => user.invite(room, other),
    () => user.kick(room, other),
    () => user.ban(room, other),
    () => user.unban(room, other),
  ]
  try {
    await actions[action]!()
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error
  }
}

/** A user's membership as those tell it who are in the room; `leave` where nobody is. */
async function membershipOf(user: User, room: string, users: readonly User[]): Promise<string> {
  for (const witness of users) {
    const { joined_rooms: joined } = await witness.get<{ joined_rooms: string[] }>('/joined_rooms')
    if (!joined.includes(room)) continue
    const content = await witness.get(path`/rooms/${room}/state/m.room.member/${user.userId}`).catch(() => undefined)
    return String(content?.['membership'] ?? 'leave')
  }
  // Nobody is left to ask: an invite is all that one may still hold.
  const invited = (await user.sync()).rooms?.invite ?? {}
  return Object.hasOwn(invited, room) ? 'invite' : 'leave'
}

function joinedIn(state: readonly ClientEvent[]): string[] {
  return state
    .filter(({ type, content }) => type === 'm.room.member' && content['membership'] === 'join')
    .map(({ state_key: userId }) => String(userId))
    .sort()
}

/** Whole numbers below a bound, the same for the same seed. */
function seededDraw(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 16) % bound
  }
}
