/**
 * The machine's floor for sending messages: a bare Node HTTP server that does only what no homeserver on Node and SQLite
 * can leave out. It parses the body, builds an event that refers to the room's last, hashes and signs it, and answers once
 * the event is committed with `synchronous=FULL`. Whatever else a homeserver does (authorisation, state, push rules,
 * waking up clients) comes on top, so nobody's loaded sends can be faster than this.
 *
 * Usage: node commit-floor.ts --port 8008 --database floor.db
 */
import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { parseArgs } from 'node:util'
import { CommitLog } from './commit-floor/commit-log.ts'
import { isRecord, type JsonRecord } from './matrix/json-fields.ts'

const { values } = parseArgs({ options: { port: { type: 'string' }, database: { type: 'string' } } })
const port = Number(values.port)
if (values.database === undefined || !Number.isInteger(port)) throw new Error('--port and --database are needed')

const log = new CommitLog(values.database)
const { privateKey } = generateKeyPairSync('ed25519')
const lastEventIds = new Map<string, string>()
const memberCounts = new Map<string, number>()
let accounts = 0
let depth = 0

/** Makes an event of the room and resolves with its ID once it is on the disk. */
async function append(roomId: string, sender: string, content: unknown): Promise<string> {
  const event = {
    auth_events: [],
    content,
    depth: depth++,
    hashes: { sha256: '' },
    origin_server_ts: 1_700_000_000_000 + depth,
    prev_events: [lastEventIds.get(roomId) ?? ''],
    room_id: roomId,
    sender,
    type: 'm.room.message',
  }
  event.hashes.sha256 = sha256(JSON.stringify(event)).toString('base64')
  // The reference hash covers the redacted event, which is shorter: close enough, and again one hash.
  const hashed = JSON.stringify(event)
  const eventId = `$${sha256(hashed).toString('base64url')}`
  const signature = sign(null, Buffer.from(hashed), privateKey).toString('base64')
  lastEventIds.set(roomId, eventId)
  await log.append({ roomId, eventId, json: `{"signature":"${signature}",${hashed.slice(1)}` })
  return eventId
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

/** Only as much of the API as the scenarios of sending need. */
async function answer(method: string, url: URL, token: string, body: JsonRecord): Promise<[number, unknown]> {
  const path = url.pathname.replace('/_matrix/client/', '').split('/').map(decodeURIComponent)
  const [, area, roomId = '', action] = path
  if (path[0] === 'versions') return [200, { versions: ['v1.11'] }]
  if (area === 'register') {
    if (body['auth'] === undefined) return [401, { flows: [{ stages: ['m.login.dummy'] }], session: 'none' }]
    const userId = `@user-${accounts++}:bench.localhost`
    return [200, { user_id: userId, access_token: userId }]
  }
  if (area === 'createRoom') {
    const created = `!room-${memberCounts.size}:bench.localhost`
    memberCounts.set(created, 1)
    return [200, { room_id: created }]
  }
  if (action === 'join') {
    memberCounts.set(roomId, (memberCounts.get(roomId) ?? 0) + 1)
    return [200, { room_id: roomId }]
  }
  if (action === 'joined_members') {
    const users = Array.from({ length: memberCounts.get(roomId) ?? 0 }, (_, index) => [`@user-${index}`, {}])
    return [200, { joined: Object.fromEntries(users) }]
  }
  if (action === 'send' && method === 'PUT') return [200, { event_id: await append(roomId, token, body) }]
  if (action === 'messages') return [200, log.page(roomId, url.searchParams)]
  return [404, { errcode: 'M_UNRECOGNIZED' }]
}

async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const body: unknown = chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'))
  const url = new URL(request.url ?? '/', 'http://localhost')
  const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
  const [status, reply] = await answer(request.method ?? 'GET', url, token, isRecord(body) ? body : {})
  const text = JSON.stringify(reply)
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
  response.end(text)
}

const server = createServer((request, response) => {
  serve(request, response).catch((error: unknown) => {
    console.error(error)
    response.destroy()
  })
})
server.listen(port, '127.0.0.1')
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
  void log.close()
})
