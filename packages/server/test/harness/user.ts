import { Client, path } from './client.ts'
import {
  type ClientEvent,
  type Content,
  type MessagesReply,
  type RoomSection,
  type SyncReply,
  text,
} from './replies.ts'
import type { Transport } from './transport.ts'

/** A room to be made, in camelCase; `more` goes into the body as it is. */
export interface RoomOptions {
  readonly preset?: 'private_chat' | 'public_chat' | 'trusted_private_chat'
  readonly visibility?: 'public' | 'private'
  readonly name?: string
  readonly topic?: string
  readonly alias?: string
  readonly invite?: readonly User[]
  readonly roomVersion?: string
  readonly historyVisibility?: 'invited' | 'joined' | 'shared' | 'world_readable'
  readonly more?: Content
}

/** How to ask for what is new. */
export interface SyncOptions {
  readonly since?: string
  readonly timeoutMs?: number
  readonly filter?: Content | string
  readonly fullState?: boolean
  readonly signal?: AbortSignal
}

/** Where credentials come from. */
export interface Credentials {
  readonly user_id: string
  readonly access_token: string
  readonly device_id: string
}

/** A user on one device. Verbs are the spec's; they throw a `Refusal` when the server refuses. */
export class User extends Client {
  readonly userId: string
  readonly deviceId: string
  readonly #transactions: { count: number }

  constructor(transport: Transport, credentials: Credentials, transactions = { count: 0 }) {
    super(transport, credentials.access_token)
    this.#transactions = transactions
    this.userId = credentials.user_id
    this.deviceId = credentials.device_id
  }

  /** Registers, with the password `<localpart>'s secret`. */
  static async register(transport: Transport, localpart: string): Promise<User> {
    const anybody = new Client(transport)
    const credentials = await anybody.post<Credentials>('/register', {
      username: localpart,
      password: passwordOf(localpart),
      auth: { type: 'm.login.dummy' },
    })
    return new User(transport, credentials)
  }

  /** The same user on another device. */
  async onAnotherDevice(): Promise<User> {
    const user = this.userId
    const credentials = await new Client(this.transport).post<Credentials>('/login', {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user },
      password: passwordOf(localpartOf(user)),
    })
    return new User(this.transport, credentials)
  }

  /** The same user and device, talking to another server process. */
  through(transport: Transport): User {
    const { userId, accessToken = '', deviceId } = this
    return new User(
      transport,
      { user_id: userId, access_token: accessToken, device_id: deviceId },
      // Of the device, whichever server it talks to.
      this.#transactions,
    )
  }

  async createRoom(options: RoomOptions = {}): Promise<string> {
    const { preset, visibility, name, topic, alias, invite, roomVersion, historyVisibility, more } = options
    const { room_id: roomId } = await this.post<{ room_id: string }>('/createRoom', {
      ...(preset !== undefined && { preset }),
      ...(visibility !== undefined && { visibility }),
      ...(name !== undefined && { name }),
      ...(topic !== undefined && { topic }),
      ...(alias !== undefined && { room_alias_name: alias }),
      ...(invite !== undefined && { invite: invite.map(({ userId }) => userId) }),
      ...(roomVersion !== undefined && { room_version: roomVersion }),
      ...(historyVisibility !== undefined && {
        initial_state: [
          { type: 'm.room.history_visibility', state_key: '', content: { history_visibility: historyVisibility } },
        ],
      }),
      ...more,
    })
    return roomId
  }

  /** Makes a room that anybody may join, and has the others join it. */
  async createRoomWith(others: readonly User[], options: RoomOptions = {}): Promise<string> {
    const room = await this.createRoom({ preset: 'public_chat', ...options })
    for (const other of others) await other.join(room)
    return room
  }

  async join(roomIdOrAlias: string, body: Content = {}): Promise<string> {
    const { room_id: roomId } = await this.post<{ room_id: string }>(path`/join/${roomIdOrAlias}`, body)
    return roomId
  }

  leave(room: string, body: Content = {}): Promise<Content> {
    return this.post(path`/rooms/${room}/leave`, body)
  }

  forget(room: string): Promise<Content> {
    return this.post(path`/rooms/${room}/forget`)
  }

  invite(room: string, user: User, reason?: string): Promise<Content> {
    return this.#actOn(path`/rooms/${room}/invite`, user, reason)
  }

  kick(room: string, user: User, reason?: string): Promise<Content> {
    return this.#actOn(path`/rooms/${room}/kick`, user, reason)
  }

  ban(room: string, user: User, reason?: string): Promise<Content> {
    return this.#actOn(path`/rooms/${room}/ban`, user, reason)
  }

  unban(room: string, user: User, reason?: string): Promise<Content> {
    return this.#actOn(path`/rooms/${room}/unban`, user, reason)
  }

  /** Sends a message event; without `txnId` under a fresh one. */
  async send(
    room: string,
    content: Content | string,
    options: { txnId?: string; type?: string } = {},
  ): Promise<{ event_id: string }> {
    const { txnId = this.newTransactionId(), type = 'm.room.message' } = options
    return this.put(path`/rooms/${room}/send/${type}/${txnId}`, typeof content === 'string' ? text(content) : content)
  }

  async setState(room: string, type: string, content: Content, stateKey = ''): Promise<string> {
    const { event_id: eventId } = await this.put<{ event_id: string }>(
      path`/rooms/${room}/state/${type}/${stateKey}`,
      content,
    )
    return eventId
  }

  async redact(room: string, eventId: string, options: { reason?: string; txnId?: string } = {}): Promise<string> {
    const { reason, txnId = this.newTransactionId() } = options
    const reply = await this.put<{ event_id: string }>(path`/rooms/${room}/redact/${eventId}/${txnId}`, {
      ...(reason !== undefined && { reason }),
    })
    return reply.event_id
  }

  event(room: string, eventId: string): Promise<ClientEvent> {
    return this.get(path`/rooms/${room}/event/${eventId}`)
  }

  /** The content of a state event. */
  state(room: string, type: string, stateKey = ''): Promise<Content> {
    return this.get(path`/rooms/${room}/state/${type}/${stateKey}`)
  }

  allState(room: string): Promise<ClientEvent[]> {
    return this.get(path`/rooms/${room}/state`)
  }

  messages(
    room: string,
    query: { dir?: 'b' | 'f'; from?: string; to?: string; limit?: number; filter?: string } = {},
  ): Promise<MessagesReply> {
    return this.get(path`/rooms/${room}/messages`, { dir: 'b', ...query })
  }

  /** Every event of the room that the user may see, oldest first, page by page. */
  async timeline(room: string, { type }: { type?: string } = {}): Promise<ClientEvent[]> {
    const events: ClientEvent[] = []
    let from: string | undefined
    do {
      const page: MessagesReply = await this.messages(room, { dir: 'f', limit: 7, ...(from !== undefined && { from }) })
      events.push(...page.chunk)
      from = page.end
    } while (from !== undefined)
    return type === undefined ? events : events.filter((event) => event.type === type)
  }

  sync(options: SyncOptions = {}): Promise<SyncReply> {
    const { since, timeoutMs = 0, filter, fullState, signal } = options
    return this.request('GET', '/sync', {
      query: {
        since,
        timeout: timeoutMs,
        filter: typeof filter === 'object' ? JSON.stringify(filter) : filter,
        full_state: fullState,
      },
      ...(signal !== undefined && { signal }),
    })
  }

  /** The token of now. */
  async now(): Promise<string> {
    const { next_batch: token } = await this.sync({ filter: { room: { timeline: { limit: 1 } } } })
    return token
  }

  /** What `/sync` says of a room the user is in; undefined when nothing. */
  async syncRoom(room: string, options: SyncOptions = {}): Promise<RoomSection | undefined> {
    return (await this.sync(options)).rooms?.join?.[room]
  }

  /** Joined members by user ID. */
  async joinedMembers(room: string): Promise<string[]> {
    const { joined } = await this.get<{ joined: Record<string, unknown> }>(path`/rooms/${room}/joined_members`)
    return Object.keys(joined).sort()
  }

  /** An ID that this user has not used before. */
  newTransactionId(): string {
    this.#transactions.count += 1
    return `txn-${this.#transactions.count}`
  }

  #actOn(url: string, user: User, reason: string | undefined): Promise<Content> {
    return this.post(url, { user_id: user.userId, ...(reason !== undefined && { reason }) })
  }
}

/** The password that `User.register` gives. */
export function passwordOf(localpart: string): string {
  return `${localpart}'s secret`
}

function localpartOf(userId: string): string {
  return userId.slice(1, userId.indexOf(':'))
}
