import { once } from 'node:events'
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { Agent as TlsAgent, request as tlsRequest } from 'node:https'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TLSSocket } from 'node:tls'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { systemClock } from '../clock/system-clock.ts'
import { type ListenerDefinition, type Listeners, type ListenersOptions, startListeners } from './listeners.ts'
import { jsonText } from './reply.ts'
import { FIRST_CERTIFICATE, SECOND_CERTIFICATE } from './test-certificates.ts'
import { endpoint, testServer } from './test-server.ts'

const cleanups: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'magik-listeners-'))
  cleanups.push(() => rm(folder, { recursive: true }))
  return folder
}

const whoAsks = endpoint({
  route: 'GET /_matrix/client/v3/who',
  auth: 'none',
  handle: ({ request }) => ({ ip: request.ip, id: request.id }),
})
const version = endpoint({
  route: 'GET /_matrix/federation/v1/version',
  auth: 'none',
  handle: () => ({ server: { name: 'Magik' } }),
})
const LARGE = JSON.stringify({ text: 'x'.repeat(5_000) })
const large = endpoint({ route: 'GET /_matrix/client/v3/large', auth: 'none', handle: () => jsonText(LARGE) })
const upload = endpoint({ route: 'POST /_matrix/client/v3/upload', auth: 'none', body: 'bytes', handle: () => ({}) })
/** Ends when the server drains, or never. */
const poll = (asked: () => void, options: { stubborn: boolean }) =>
  endpoint({
    route: 'GET /_matrix/client/v3/poll',
    auth: 'none',
    async handle({ request }) {
      const drained = once(request.draining, 'abort')
      asked()
      await (options.stubborn ? once(request.disconnected, 'abort') : drained)
      return { drained: true }
    },
  })

const HTTP: ListenerDefinition = {
  type: 'http',
  port: 0,
  path: null,
  mode: 0o600,
  bind_addresses: ['127.0.0.1'],
  tls: false,
  x_forwarded: false,
  tag: null,
  request_id_header: null,
  resources: [{ names: ['client'], compress: false }],
}

async function started(
  definitions: readonly Partial<ListenerDefinition>[],
  options: ListenersOptions = {},
  endpoints: Parameters<typeof testServer>[0] = {},
) {
  const { server, log } = await testServer(
    { whoAsks, version, large, upload, ...endpoints },
    {},
    { clock: systemClock },
  )
  const all = definitions.map((definition) => ({ ...HTTP, ...definition }))
  const listeners = await startListeners(server, all, options)
  cleanups.push(() => listeners.close({ timeoutMs: 0 }))
  return { listeners, log, server }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
  readonly socket: IncomingMessage['socket']
}

async function get(options: RequestOptions & { tls?: boolean; body?: Buffer }): Promise<Answer> {
  const { tls, body, ...rest } = options
  const agent = options.agent ?? (tls ? new TlsAgent() : new Agent())
  const sent = (tls ? tlsRequest : request)({ ...rest, agent, rejectUnauthorized: false })
  sent.end(body)
  const [answer]: IncomingMessage[] = await once(sent, 'response')
  const { socket } = answer!
  const chunks: Buffer[] = []
  for await (const chunk of answer!) chunks.push(chunk)
  return { status: answer!.statusCode ?? 0, headers: answer!.headers, body: Buffer.concat(chunks), socket }
}

const portOf = (listeners: Listeners, index = 0) => listeners.addresses[index]!.port!
const json = ({ body }: Answer) => JSON.parse(body.toString())

test('startListeners: a listener serves its resources and no others', async () => {
  const { listeners } = await started([
    { resources: [{ names: ['client'], compress: false }] },
    { resources: [{ names: ['federation'], compress: false }] },
    { type: 'metrics', resources: [] },
  ])
  const paths = ['/_matrix/client/v3/who', '/_matrix/federation/v1/version', '/health']
  const statuses = await Promise.all(
    [0, 1, 2].map((index) =>
      Promise.all(paths.map(async (path) => (await get({ port: portOf(listeners, index), path })).status)),
    ),
  )
  expect(statuses).toEqual([
    [200, 404, 200],
    [404, 200, 200],
    [404, 404, 404],
  ])
  const wrongMethod = { port: portOf(listeners, 1), method: 'POST' }
  expect((await get({ ...wrongMethod, path: paths[0]! })).status).toBe(404)
  expect((await get({ ...wrongMethod, path: paths[1]! })).status).toBe(405)
})

test('startListeners: :: and 0.0.0.0 share a port, chosen by the system or not', async () => {
  const { listeners } = await started([{ bind_addresses: ['::', '0.0.0.0'] }])
  const port = portOf(listeners)
  expect(json(await get({ host: '127.0.0.1', port, path: '/_matrix/client/v3/who' })).ip).toBe('127.0.0.1')
  expect(new Set(listeners.addresses.map((address) => address.port))).toEqual(new Set([port]))
})

test('startListeners: an address in use is an error that names it, and nothing stays open', async () => {
  const blocker = createServer().listen(0, '127.0.0.1')
  await once(blocker, 'listening')
  cleanups.push(async () => blocker.close())
  const address = blocker.address()
  const port = typeof address === 'object' && address ? address.port : 0
  const folder = await temporaryFolder()
  const path = join(folder, 'socket')
  await expect(started([{ path }, { port }])).rejects.toThrow(`Cannot listen on 127.0.0.1 port ${port}`)
  await expect(stat(path)).rejects.toThrow('ENOENT')
})

test('startListeners: a Unix socket has its mode, and replaces what a killed process left', async () => {
  const path = join(await temporaryFolder(), 'socket')
  // given the socket file of a process that is gone
  const gone = createServer().listen(path)
  await once(gone, 'listening')
  const { renameSync } = await import('node:fs')
  renameSync(path, `${path}.kept`)
  gone.close()
  await once(gone, 'close')
  renameSync(`${path}.kept`, path)
  // when the listener starts
  await started([{ path, mode: 0o660, x_forwarded: true }])
  // then it answers there, and knows the client's address from the proxy alone
  expect((await stat(path)).mode & 0o777).toBe(0o660)
  const who = { socketPath: path, path: '/_matrix/client/v3/who' }
  expect(json(await get(who)).ip).toBe('')
  expect(json(await get({ ...who, headers: { 'X-Forwarded-For': '192.0.2.7' } })).ip).toBe('192.0.2.7')
  // and neither a second server nor a file that is no socket is pushed aside
  await expect(started([{ path }])).rejects.toThrow('Another process listens')
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, 'precious')
  await expect(started([{ path: file }])).rejects.toThrow('no socket')
})

test('startListeners: the client address is what the proxy says, and only behind a proxy', async () => {
  const { listeners } = await started([{ x_forwarded: true }, { x_forwarded: false }])
  const ip = async (index: number, forwarded: string | string[]) => {
    const headers = { 'X-Forwarded-For': forwarded }
    return json(await get({ port: portOf(listeners, index), path: '/_matrix/client/v3/who', headers })).ip
  }
  expect(await ip(0, '192.0.2.7')).toBe('192.0.2.7')
  expect(await ip(0, '198.51.100.1, 192.0.2.7')).toBe('192.0.2.7')
  expect(await ip(0, ['198.51.100.1', '192.0.2.8'])).toBe('192.0.2.8')
  expect(await ip(0, '[2001:db8::1]:4711')).toBe('2001:db8::1')
  expect(await ip(0, '192.0.2.7:4711')).toBe('192.0.2.7')
  expect(await ip(0, 'nonsense')).toBe('127.0.0.1')
  expect(await ip(1, '192.0.2.7')).toBe('127.0.0.1')
})

test('startListeners: a request ID comes from the proxy where one is configured, if it is harmless', async () => {
  const { listeners } = await started([{ request_id_header: 'X-Trace' }, {}])
  const id = async (index: number, trace: string) => {
    const path = '/_matrix/client/v3/who'
    const answer = await get({ port: portOf(listeners, index), path, headers: { 'X-Trace': trace } })
    expect(answer.headers['x-request-id']).toBe(json(answer).id)
    return json(answer).id
  }
  expect(await id(0, 'abc-123')).toBe('abc-123')
  expect(await id(0, 'a b"c')).toMatch(/^test-/)
  expect(await id(1, 'abc-123')).toMatch(/^test-/)
})

test('startListeners: large answers are compressed where the resource asks for it', async () => {
  const { listeners } = await started([{ resources: [{ names: ['client'], compress: true }] }, {}])
  const fetched = (path: string, accept: string, index = 0) =>
    get({ port: portOf(listeners, index), path: `/_matrix/client/v3/${path}`, headers: { 'Accept-Encoding': accept } })
  for (const [coding, decode] of [
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['deflate', inflateSync],
  ] as const) {
    const answer = await fetched('large', coding)
    expect(answer.headers['content-encoding']).toBe(coding)
    expect(answer.headers['content-length']).toBe(String(answer.body.length))
    expect(answer.headers.vary).toBe('Accept-Encoding')
    expect(decode(answer.body).toString()).toBe(LARGE)
  }
  expect((await fetched('large', 'identity')).headers['content-encoding']).toBeUndefined()
  expect((await fetched('who', 'gzip')).headers['content-encoding']).toBeUndefined()
  expect((await fetched('large', 'gzip', 1)).headers['content-encoding']).toBeUndefined()
})

test('startListeners: TLS takes a new certificate while it runs, and keeps the old one if the new is unusable', async () => {
  const folder = await temporaryFolder()
  const tls = { certificatePath: join(folder, 'cert.pem'), privateKeyPath: join(folder, 'key.pem') }
  const install = async (certificate: { cert: string; key: string }) => {
    await writeFile(tls.certificatePath, certificate.cert)
    await writeFile(tls.privateKeyPath, certificate.key)
    await chmod(tls.privateKeyPath, 0o600)
  }
  await install(FIRST_CERTIFICATE)
  const { listeners } = await started([{ tls: true, resources: [{ names: ['federation'], compress: false }] }], { tls })
  const commonName = async () => {
    const answer = await get({ tls: true, port: portOf(listeners), path: '/_matrix/federation/v1/version' })
    expect(answer.status).toBe(200)
    return answer.socket instanceof TLSSocket ? answer.socket.getPeerCertificate().subject.CN : undefined
  }
  expect(await commonName()).toBe(FIRST_CERTIFICATE.commonName)
  await install(SECOND_CERTIFICATE)
  await listeners.reloadCertificate()
  expect(await commonName()).toBe(SECOND_CERTIFICATE.commonName)
  await install({ cert: FIRST_CERTIFICATE.cert, key: SECOND_CERTIFICATE.key })
  await expect(listeners.reloadCertificate()).rejects.toThrow('belong together')
  expect(await commonName()).toBe(SECOND_CERTIFICATE.commonName)
})

test('close: long-polls answer at once, connections end, and nobody is accepted any more', async () => {
  const asked = Promise.withResolvers<void>()
  const { listeners, server } = await started([{}], {}, { poll: poll(asked.resolve, { stubborn: false }) })
  const port = portOf(listeners)
  // given an idle connection that is kept, and a long-poll under way
  const agent = new Agent({ keepAlive: true })
  cleanups.push(async () => agent.destroy())
  await get({ port, path: '/_matrix/client/v3/who', agent })
  const polled = get({ port, path: '/_matrix/client/v3/poll', agent: new Agent({ keepAlive: true }) })
  await asked.promise
  // when the server closes
  await listeners.close({ timeoutMs: 10_000 })
  // then the long-poll has its answer
  const answer = await polled
  expect([answer.status, json(answer), answer.headers.connection]).toEqual([200, { drained: true }, 'close'])
  expect(server.requestsUnderWay).toBe(0)
  await expect(get({ port, path: '/_matrix/client/v3/who' })).rejects.toThrow('ECONNREFUSED')
})

test('close: a request that does not end is cut off after the time-out', async () => {
  const asked = Promise.withResolvers<void>()
  const { listeners, log } = await started([{}], {}, { poll: poll(asked.resolve, { stubborn: true }) })
  const polled = get({ port: portOf(listeners), path: '/_matrix/client/v3/poll' })
  const lost = expect(polled).rejects.toThrow('socket hang up')
  await asked.promise
  await listeners.close({ timeoutMs: 50 })
  await lost
  expect(log).toContainEqual(expect.objectContaining({ msg: 'requests cut off at shutdown', requestsUnderWay: 1 }))
})

async function rawExchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write(text)
  let answer = ''
  for await (const chunk of socket) answer += chunk
  return answer
}

test('startListeners: what is no HTTP request, or too long a one, is answered in the spec’s form', async () => {
  const { listeners } = await started([{}])
  const port = portOf(listeners)
  const nonsense = await rawExchange(port, 'NONSENSE\r\n\r\n')
  expect(nonsense).toMatch(/^HTTP\/1\.1 400 [\s\S]*Access-Control-Allow-Origin: \*[\s\S]*"errcode":"M_UNKNOWN"/)
  const long = await rawExchange(port, `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\n\r\n`)
  expect(long).toMatch(/^HTTP\/1\.1 431 [\s\S]*"errcode":"M_TOO_LARGE"/)
})

test('startListeners: a body that is too large is refused, with or without its length', async () => {
  const { listeners, server } = await started([{}])
  const post = { method: 'POST', port: portOf(listeners), path: '/_matrix/client/v3/upload' }
  const body = Buffer.alloc(server.bodyLimitBytes + 1)
  expect((await get({ ...post, body: body.subarray(1), headers: { 'Content-Length': body.length - 1 } })).status).toBe(
    200,
  )
  expect((await get({ ...post, body, headers: { 'Content-Length': body.length } })).status).toBe(413)
  expect((await get({ ...post, body, headers: { 'Transfer-Encoding': 'chunked' } })).status).toBe(413)
  // A length beyond what is worth reading is refused before anything is sent.
  const answer = await rawExchange(
    portOf(listeners),
    `POST ${post.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999999\r\n\r\n`,
  )
  expect(answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*Connection: close/)
})

test('startListeners: a client that leaves in the middle of its body is no error', async () => {
  const { listeners, log, server } = await started([{}])
  const socket = connect(portOf(listeners), '127.0.0.1')
  socket.write('POST /_matrix/client/v3/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc')
  await expect.poll(() => server.requestsUnderWay).toBe(1)
  socket.destroy()
  await expect.poll(() => server.requestsUnderWay).toBe(0)
  expect(log.filter(({ level }) => level !== 'debug')).toEqual([])
})
