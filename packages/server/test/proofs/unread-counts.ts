import type { JsonObject, PushRuleset } from '@magik/protocol'
import { type Content, path, Refusal, type RoomSection, type RunningServer, type User } from '../harness/index.ts'
import { type ModelCounts, UnreadModel } from './unread-model.ts'

const BY_THREAD = { room: { timeline: { limit: 1, unread_thread_notifications: true } } }
const TOGETHER = { room: { timeline: { limit: 1 } } }

/** A user with what their one client knows by incremental syncs alone. */
interface Client {
  user: User
  since: string | undefined
  readonly counts: Map<string, ModelCounts>
  displayName: string
}

/** A server, its users and rooms, and the model that says how much is unread. */
interface Scene {
  readonly clients: readonly Client[]
  readonly rooms: readonly string[]
  readonly owners: ReadonlyMap<string, Client>
  readonly members: ReadonlyMap<string, Set<Client>>
  readonly events: Map<string, { eventId: string; isMessage: boolean; sender: string }[]>
  /** Membership events that are known already. */
  readonly memberships: Set<string>
  readonly model: UnreadModel
  readonly draw: (bound: number) => number
}

/** Steps after which the server is started anew, and has nothing in memory. */
const STEPS_UP = 40

/**
 * Lets users do random things and compares, at every step, all counts that they are told with a recount from scratch.
 * @param next gives the server that users talk to from then on, such as one started anew on the same database.
 * @returns what differs; nothing when all is well.
 */
export async function unreadFaults(
  server: RunningServer,
  next: () => Promise<RunningServer>,
  seed: number,
  { steps = 130, stepsEach = STEPS_UP }: { readonly steps?: number; readonly stepsEach?: number } = {},
): Promise<string[]> {
  const scene = await setUp(server, seed)
  const faults: string[] = []
  for (let step = 1; step <= steps && faults.length === 0; step += 1) {
    const what = step % stepsEach === 0 ? await moveOn(scene, next) : await act(scene, step)
    for (const client of scene.clients) {
      faults.push(...(await compare(scene, client)).map((fault) => `${step} ${what}: ${fault}`))
    }
  }
  return faults
}

async function moveOn({ clients }: Scene, next: () => Promise<RunningServer>): Promise<string> {
  const { transport } = await next()
  for (const client of clients) client.user = client.user.through(transport)
  return 'users move on to another server'
}

async function setUp(server: RunningServer, seed: number): Promise<Scene> {
  const users = await server.registerMany(['ann', 'ben', 'cem', 'dot'])
  const clients = users.map((user): Client => {
    const displayName = user.userId.slice(1, user.userId.indexOf(':'))
    return { user, since: undefined, counts: new Map(), displayName }
  })
  const [first, second] = clients
  const model = new UnreadModel()
  const rooms = [
    await first!.user.createRoom({ preset: 'public_chat' }),
    await second!.user.createRoom({ preset: 'public_chat' }),
  ]
  const scene: Scene = {
    clients,
    rooms,
    owners: new Map([
      [rooms[0]!, first!],
      [rooms[1]!, second!],
    ]),
    members: new Map(rooms.map((room, index) => [room, new Set([clients[index]!])])),
    events: new Map(rooms.map((room) => [room, []])),
    memberships: new Set(),
    model,
    draw: seededDraw(seed),
  }
  for (const room of rooms)
    for (const { event_id: id } of await scene.owners.get(room)!.user.allState(room)) scene.memberships.add(id)
  for (const client of clients.slice(1)) await join(scene, client, rooms[0]!)
  await join(scene, first!, rooms[1]!)
  return scene
}

/** One of the things that users do; what is not allowed does not happen. */
async function act(scene: Scene, step: number): Promise<string> {
  const { draw, rooms, clients } = scene
  const client = clients[draw(clients.length)]!
  const room = rooms[draw(rooms.length)]!
  const isIn = scene.members.get(room)!.has(client)
  const choice = draw(20)
  if (!isIn && choice < 16) return join(scene, client, room)
  if (choice < 10) return say(scene, client, room, step)
  if (choice < 13) return read(scene, client, room)
  if (choice < 17) return changeRules(scene, client, room)
  if (choice === 17 && isIn) return redact(scene, client, room, step)
  if (choice === 18 && isIn) return leave(scene, client, room)
  return rename(scene, client, step)
}

async function say(scene: Scene, client: Client, room: string, step: number): Promise<string> {
  const { draw, clients } = scene
  const earlier = scene.events.get(room)!.filter(({ isMessage }) => isMessage)
  const target = earlier[draw(Math.max(1, earlier.length))]
  const body = `${['tea', 'cake time', 'ben?', 'ann2, dot', 'nothing'][draw(5)]} ${step}`
  const content: JsonObject = { msgtype: draw(8) === 0 ? 'm.notice' : 'm.text', body }
  const mentioned = clients.filter(() => draw(4) === 0).map(({ user }) => user.userId)
  if (draw(3) === 0) content['m.mentions'] = draw(3) === 0 ? { room: true } : { user_ids: mentioned }
  const relation = draw(8)
  let type = 'm.room.message'
  if (target !== undefined && relation < 3) {
    const root = scene.model.threadOf(target.eventId) === 'main' ? target.eventId : scene.model.threadOf(target.eventId)
    content['m.relates_to'] = { rel_type: 'm.thread', event_id: root }
  } else if (target !== undefined && relation === 3) {
    content['m.relates_to'] = { rel_type: 'm.replace', event_id: target.eventId }
  } else if (target !== undefined && relation === 4) {
    type = 'm.reaction'
    content['m.relates_to'] = { rel_type: 'm.annotation', event_id: target.eventId, key: 'x' }
  }
  const { event_id: eventId } = await client.user.send(room, content, { type, txnId: `step-${step}` })
  await record(scene, client, room, { eventId, type, content })
  return `${client.user.userId} says ${JSON.stringify(content)} in ${room}`
}

async function read(scene: Scene, client: Client, room: string): Promise<string> {
  const { draw, model } = scene
  const events = scene.events.get(room)!
  const event = events[Math.max(0, events.length - 1 - draw(6))]
  if (event === undefined) return 'nothing to read'
  const type = draw(2) === 0 ? 'm.read' : 'm.read.private'
  const thread = draw(2) === 0 ? undefined : model.threadOf(event.eventId)
  const url = path`/rooms/${room}/receipt/${type}/${event.eventId}`
  await client.user.post(url, thread === undefined ? {} : { thread_id: thread })
  model.read(client.user.userId, room, event.eventId, thread)
  return `${client.user.userId} reads ${event.eventId} of ${thread ?? 'all'} in ${room}`
}

async function changeRules({ draw, clients }: Scene, { user }: Client, room: string): Promise<string> {
  const someone = clients[draw(clients.length)]!.user.userId
  const actions = [[], ['notify'], ['notify', { set_tweak: 'highlight' }], ['dont_notify']][draw(4)]!
  const conditions = [
    [{ kind: 'contains_display_name' }],
    [{ kind: 'event_match', key: 'room_id', pattern: room }],
    [
      { kind: 'event_match', key: 'room_id', pattern: room },
      { kind: 'event_match', key: 'type', pattern: 'm.*' },
    ],
    [{ kind: 'room_member_count', is: '>3' }],
  ][draw(4)]!
  const defaults = [
    'override/.m.rule.reaction',
    'override/.m.rule.is_user_mention',
    'override/.m.rule.is_room_mention',
    'override/.m.rule.suppress_edits',
    'underride/.m.rule.message',
    'override/.m.rule.master',
  ]
  const own = [
    'content/word',
    `room/${encodeURIComponent(room)}`,
    `sender/${encodeURIComponent(someone)}`,
    'override/own',
  ]
  const enabled = draw(2) === 0
  const edits: [string, string, Content | undefined][] = [
    ['PUT', 'content/word', { pattern: ['tea', 'c?ke*', 'b*n'][draw(3)], actions }],
    ['PUT', own[1]!, { actions }],
    ['PUT', own[2]!, { actions }],
    ['PUT', 'override/own', { conditions, actions }],
    ['PUT', 'underride/own', { conditions, actions }],
    ['PUT', `${defaults[draw(defaults.length)]}/enabled`, { enabled }],
    ['PUT', `${defaults[draw(defaults.length - 1)]}/actions`, { actions }],
    ['PUT', `${own[draw(own.length)]}/enabled`, { enabled }],
    ['DELETE', own[draw(own.length)]!, undefined],
    ['PUT', 'override/.m.rule.master/enabled', { enabled: false }],
  ]
  const [method, rule, body] = edits[draw(edits.length)]!
  await allowed(user.request(method === 'PUT' ? 'PUT' : 'DELETE', `/pushrules/global/${rule}`, body ? { body } : {}))
  return `${user.userId}: ${method} ${rule} ${JSON.stringify(body)}`
}

async function redact(scene: Scene, client: Client, room: string, step: number): Promise<string> {
  const events = scene.events.get(room)!.filter(({ isMessage }) => isMessage)
  const target = events[Math.max(0, events.length - 1 - scene.draw(5))]
  const owner = scene.owners.get(room)!
  if (target === undefined || (target.sender !== client.user.userId && owner !== client)) return 'may not redact'
  const eventId = await client.user.redact(room, target.eventId, { txnId: `step-${step}` })
  scene.model.redacted(target.eventId)
  await record(scene, client, room, { eventId, type: 'm.room.redaction', content: { redacts: target.eventId } })
  return `${client.user.userId} redacts ${target.eventId}`
}

async function join(scene: Scene, client: Client, room: string): Promise<string> {
  await client.user.join(room)
  scene.members.get(room)!.add(client)
  await recordMembership(scene, client, room, scene.members.get(room)!.size - 1)
  scene.model.joined(client.user.userId, room)
  return `${client.user.userId} joins ${room}`
}

async function leave(scene: Scene, client: Client, room: string): Promise<string> {
  if (scene.owners.get(room) === client) return 'the owner stays'
  await client.user.leave(room)
  scene.members.get(room)!.delete(client)
  client.counts.delete(room)
  const members = [...scene.members.get(room)!]
  await recordMembership(scene, client, room, members.length + 1, members[0]!)
  return `${client.user.userId} leaves ${room}`
}

async function rename(scene: Scene, client: Client, step: number): Promise<string> {
  client.displayName = ['ben', 'ann2', 'tea', `x${step}`][scene.draw(4)]!
  await client.user.put(path`/profile/${client.user.userId}/displayname`, { displayname: client.displayName })
  for (const [room, members] of scene.members) {
    if (members.has(client)) await recordMembership(scene, client, room, members.size)
  }
  return `${client.user.userId} is now ${client.displayName}`
}

/** @param before how many members there were before it. */
async function recordMembership(
  scene: Scene,
  client: Client,
  room: string,
  before: number,
  witness = client,
): Promise<void> {
  const { userId } = client.user
  const state = await witness.user.allState(room)
  const event = state.find((it) => it.type === 'm.room.member' && it.state_key === userId)!
  // A profile that is as it was before makes no event.
  if (scene.memberships.has(event.event_id)) return
  scene.memberships.add(event.event_id)
  const content: JsonObject = JSON.parse(JSON.stringify(event.content))
  await record(scene, client, room, { eventId: event.event_id, type: event.type, content, stateKey: userId }, before)
}

async function record(
  scene: Scene,
  client: Client,
  room: string,
  event: { eventId: string; type: string; content: JsonObject; stateKey?: string },
  joinedMembers = scene.members.get(room)!.size,
): Promise<void> {
  const sender = client.user.userId
  const members = [...scene.members.get(room)!]
  scene.events.get(room)!.push({
    eventId: event.eventId,
    isMessage: event.stateKey === undefined && event.type !== 'm.room.redaction',
    sender,
  })
  const judged = await Promise.all(
    members.map(async ({ user, displayName }) => ({ userId: user.userId, displayName, rules: await rulesOf(user) })),
  )
  scene.model.sent({ ...event, roomId: room, sender }, judged, joinedMembers, scene.owners.get(room) === client)
}

async function rulesOf(user: User): Promise<PushRuleset> {
  return (await user.get<{ global: PushRuleset }>('/pushrules/')).global
}

async function compare(scene: Scene, client: Client): Promise<string[]> {
  const { user } = client
  const reply = await user.sync({ filter: BY_THREAD, ...(client.since !== undefined && { since: client.since }) })
  client.since = reply.next_batch
  for (const [room, section] of Object.entries(reply.rooms?.join ?? {})) client.counts.set(room, countsIn(section))
  const anew = (await user.sync({ filter: TOGETHER })).rooms?.join ?? {}
  const faults: string[] = []
  for (const room of scene.rooms) {
    if (!scene.members.get(room)!.has(client)) continue
    const expected = scene.model.counts(user.userId, room)
    const known = client.counts.get(room)
    if (!equal(known, expected))
      faults.push(`${user.userId} knows ${show(known)} instead of ${show(expected)} in ${room}`)
    const total = sum(expected)
    const told = anew[room]?.unread_notifications
    if (told?.notification_count !== total.notification_count || told?.highlight_count !== total.highlight_count) {
      faults.push(`${user.userId} is told ${show(told)} instead of ${show(total)} in ${room}`)
    }
  }
  return faults
}

function countsIn(section: RoomSection): ModelCounts {
  return { main: section.unread_notifications!, ...section.unread_thread_notifications }
}

function sum(counts: ModelCounts) {
  const all = Object.values(counts)
  return {
    notification_count: all.reduce((total, { notification_count: count }) => total + count, 0),
    highlight_count: all.reduce((total, { highlight_count: count }) => total + count, 0),
  }
}

function equal(one: ModelCounts | undefined, other: ModelCounts): boolean {
  return show(one) === show(other)
}

function show(value: object | undefined): string {
  if (value === undefined) return 'nothing'
  return JSON.stringify(value, (_, it) =>
    typeof it === 'object' && it !== null
      ? Object.fromEntries(Object.entries(it).sort(([a], [b]) => (a < b ? -1 : 1)))
      : it,
  )
}

async function allowed(operation: Promise<unknown>): Promise<void> {
  try {
    await operation
  } catch (error) {
    if (!(error instanceof Refusal) || error.status >= 500) throw error
  }
}

/** Whole numbers below a bound, the same for the same seed. */
function seededDraw(seed: number): (bound: number) => number {
  let state = seed
  return (bound) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return (state >>> 16) % bound
  }
}
