import { EventEmitter } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isRecord, type JsonRecord } from '../matrix/json-fields.ts'

/** What a broken homeserver does with messages it has acknowledged. */
export interface Faults {
  /** Acknowledges but forgets the message of this number (counted from 0 over all rooms). */
  readonly loses?: number
  /** Stores the message of this number twice. */
  readonly repeats?: number
  /** Refuses every send as too fast. */
  readonly limits?: boolean
}

interface StoredEvent {
  readonly event_id: string
  readonly type: string
  readonly roomId: string
}

/** Enough of a homeserver, in memory, for every scenario. */
export class FakeHomeserver {
  readonly #faults: Faults
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #arrivals = new EventEmitter().setMaxListeners(0)
  readonly #events: StoredEvent[] = []
  readonly #members = new Map<string, Set<string>>()
  #accounts = 0
  #messages = 0
  baseUrl = ''

  constructor(faults: Faults = {}) {
    this.#faults = faults
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (typeof address !== 'object' || address === null) throw new Error('not listening')
    this.baseUrl = `http://127.0.0.1:${address.port}`
    return this
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const body: unknown = text === '' ? {} : JSON.parse(text)
    const user = request.headers.authorization?.slice('Bearer '.length) ?? ''
    const url = new URL(request.url ?? '/', 'http://fake')
    const [status, reply] = await this.#answer(url, user, isRecord(body) ? body : {})
    // Without a length, so that the generator has to read chunks.
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.end(JSON.stringify(reply))
  }

  async #answer(url: URL, user: string, body: JsonRecord): Promise<[number, unknown]> {
    const [area, roomId = '', action] = url.pathname
      .replace('/_matrix/client/v3/', '')
      .split('/')
      .map(decodeURIComponent)
    if (area === 'register') return this.#register(body)
    if (area === 'createRoom') return [200, { room_id: this.#createRoom(user) }]
    if (area === 'sync') return [200, await this.#sync(user, url.searchParams)]
    if (action === 'join') {
      this.#members.get(roomId)?.add(user)
      this.#store(roomId, 'm.room.member', `$join-${this.#events.length}`)
      return [200, { room_id: roomId }]
    }
    if (action === 'joined_members') {
      return [200, { joined: Object.fromEntries([...(this.#members.get(roomId) ?? [])].map((member) => [member, {}])) }]
    }
    if (action === 'send')
      return this.#faults.limits ? [429, { errcode: 'M_LIMIT_EXCEEDED' }] : [200, this.#send(roomId)]
    if (action === 'messages') return [200, this.#page(roomId, url.searchParams)]
    return [404, { errcode: 'M_UNRECOGNIZED' }]
  }

  #register(body: JsonRecord): [number, unknown] {
    const auth = body['auth']
    // Insists on its session, as some servers do.
    if (!isRecord(auth) || auth['session'] !== 's1') {
      return [401, { session: 's1', flows: [{ stages: ['m.login.dummy'] }] }]
    }
    const userId = `@user-${this.#accounts++}:fake`
    return [200, { user_id: userId, access_token: userId }]
  }

  #createRoom(user: string): string {
    const roomId = `!room-${this.#members.size}:fake`
    this.#members.set(roomId, new Set([user]))
    this.#store(roomId, 'm.room.create', `$create-${this.#events.length}`)
    return roomId
  }

  #send(roomId: string): object {
    const number = this.#messages++
    const eventId = `$message-${number}`
    if (number !== this.#faults.loses) this.#store(roomId, 'm.room.message', eventId)
    if (number === this.#faults.repeats) this.#store(roomId, 'm.room.message', eventId)
    return { event_id: eventId }
  }

  #store(roomId: string, type: string, eventId: string): void {
    this.#events.push({ roomId, type, event_id: eventId })
    this.#arrivals.emit('event')
  }

  async #sync(user: string, query: URLSearchParams): Promise<object> {
    const since = Number(query.get('since') ?? 0)
    if (query.has('since') && this.#events.length === since) {
      await new Promise((resolve) => this.#arrivals.once('event', resolve))
    }
    const rooms = [...this.#members].filter(([, members]) => members.has(user)).map(([roomId]) => roomId)
    const fresh = this.#events.slice(since)
    const join = rooms.map((roomId) => [
      roomId,
      { timeline: { events: fresh.filter((each) => each.roomId === roomId) } },
    ])
    return { next_batch: String(this.#events.length), rooms: { join: Object.fromEntries(join) } }
  }

  #page(roomId: string, query: URLSearchParams): object {
    const newestFirst = this.#events.filter((event) => event.roomId === roomId).toReversed()
    const from = Number(query.get('from') ?? 0)
    const until = from + Number(query.get('limit'))
    const chunk = newestFirst.slice(from, until)
    return { chunk, start: String(from), ...(until < newestFirst.length ? { end: String(until) } : {}) }
  }
}
