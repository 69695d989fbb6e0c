import type { HttpClient } from '../http/http-client.ts'
import { exchange } from './exchange.ts'
import { type JsonRecord, parseRecord, recordField, recordsField, stringField } from './json-fields.ts'

const CLIENT = '/_matrix/client/v3'

export interface SyncOptions {
  readonly since?: string
  readonly timeoutMs?: number
  /** A filter as JSON text. */
  readonly filter?: string
}

export interface MessagesOptions {
  readonly limit: number
  readonly from?: string | undefined
}

export interface MessagesPage {
  readonly events: readonly JsonRecord[]
  /** Where the next older page starts; undefined at the room's beginning. */
  readonly end: string | undefined
}

/** A logged-in user of the server under test. */
export class Session {
  readonly userId: string
  readonly #http: HttpClient
  readonly #accessToken: string

  constructor(http: HttpClient, userId: string, accessToken: string) {
    this.#http = http
    this.userId = userId
    this.#accessToken = accessToken
  }

  /** @returns the ID of a new room which anyone may join. */
  async createPublicRoom(name: string, roomVersion: string): Promise<string> {
    const body = JSON.stringify({ preset: 'public_chat', name, room_version: roomVersion })
    return stringField(parseRecord(await this.#call('POST', '/createRoom', body)), 'room_id')
  }

  async join(roomId: string): Promise<void> {
    await this.#call('POST', `/rooms/${encodeURIComponent(roomId)}/join`, '{}')
  }

  /** @returns the acknowledged event's ID. */
  async sendText(roomId: string, text: string, transactionId: string): Promise<string> {
    const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${transactionId}`
    const body = JSON.stringify({ msgtype: 'm.text', body: text })
    return stringField(parseRecord(await this.#call('PUT', path, body)), 'event_id')
  }

  async joinedMemberCount(roomId: string): Promise<number> {
    const reply = parseRecord(await this.#call('GET', `/rooms/${encodeURIComponent(roomId)}/joined_members`))
    return Object.keys(recordField(reply, 'joined')).length
  }

  /** @returns the unparsed response: what it costs to parse is not the server's. */
  sync({ since, timeoutMs = 0, filter }: SyncOptions): Promise<Buffer> {
    const query = [
      `timeout=${timeoutMs}`,
      ...(since === undefined ? [] : [`since=${encodeURIComponent(since)}`]),
      ...(filter === undefined ? [] : [`filter=${encodeURIComponent(filter)}`]),
    ]
    return this.#call('GET', `/sync?${query.join('&')}`)
  }

  /** Reads a page of a room's history, newest first. */
  async messages(roomId: string, { limit, from }: MessagesOptions): Promise<MessagesPage> {
    const start = from === undefined ? '' : `&from=${encodeURIComponent(from)}`
    const path = `/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=${limit}${start}`
    const reply = parseRecord(await this.#call('GET', path))
    const end = reply['end']
    return { events: recordsField(reply, 'chunk'), end: typeof end === 'string' ? end : undefined }
  }

  #call(method: 'GET' | 'POST' | 'PUT', path: string, body?: string): Promise<Buffer> {
    return exchange(this.#http, { method, path: CLIENT + path, accessToken: this.#accessToken, body })
  }
}
