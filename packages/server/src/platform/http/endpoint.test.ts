import { isRoomId, type RoomId } from '@magik/protocol'
import Type from 'typebox'
import { expect, test } from 'vitest'
import { jsonReply, jsonText } from './reply.ts'
import { brandedString, JsonObject } from './schemas.ts'
import { endpoint, testServer } from './test-server.ts'

interface EventSender {
  send(roomId: RoomId, type: string, content: object): string
}

const sendMessage = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}',
  also: ['/_matrix/client/r0/rooms/{roomId}/send/{eventType}/{txnId}'],
  auth: 'user',
  rateLimit: 'rc_message',
  path: { roomId: brandedString(isRoomId), eventType: Type.String(), txnId: Type.String() },
  query: { ts: Type.Optional(Type.Integer({ minimum: 0 })) },
  body: JsonObject,
  reply: { event_id: Type.String() },
  async handle({ path, query, body, requester }, { sender }: { sender: EventSender }) {
    const content = { ...body, sender: requester.userId, ts: query.ts ?? null }
    return { event_id: sender.send(path.roomId, path.eventType, content) }
  },
})

const echo = endpoint({
  route: 'POST /_matrix/client/v3/echo',
  auth: 'none',
  query: {
    dir: Type.Union([Type.Literal('b'), Type.Literal('f')]),
    limit: Type.Optional(Type.Integer()),
    full: Type.Optional(Type.Boolean()),
    via: Type.Optional(Type.Array(Type.String())),
  },
  body: Type.Object({
    name: Type.String(),
    age: Type.Optional(Type.Integer({ minimum: 1 })),
    auth: Type.Optional(Type.Object({ session: Type.String() })),
    identifier: Type.Optional(
      Type.Union([
        Type.Object({ type: Type.Literal('m.id.user'), user: Type.String() }),
        Type.Object({ type: Type.Literal('m.id.phone'), phone: Type.String() }),
      ]),
    ),
    visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
    content: Type.Optional(JsonObject),
  }),
  handle: ({ query, body }) => ({ query, body }),
})

const sender: EventSender = { send: (roomId, type, content) => `$${roomId}/${type}/${JSON.stringify(content)}` }
const servers = () => testServer({ sendMessage, echo }, { sender })

const sends = async (url: string, options: { body?: string; token?: string } = {}) => {
  const { app, limits } = await servers()
  const headers = { authorization: `Bearer ${options.token ?? 'alice'}` }
  const answer = await app.inject({ method: 'PUT', url, headers, payload: options.body ?? '{"body":"hi"}' })
  return { status: answer.statusCode, json: answer.json(), limits }
}

const echoes = async (body: unknown, query = 'dir=b') => {
  const { app } = await servers()
  const payload = typeof body === 'string' || body instanceof Uint8Array ? Buffer.from(body) : JSON.stringify(body)
  const answer = await app.inject({ method: 'POST', url: `/_matrix/client/v3/echo?${query}`, payload })
  const { errcode, error, ...rest } = answer.json()
  return errcode === undefined ? rest : `${answer.statusCode} ${errcode} ${error}`
}

test('endpoint: path, query, body and requester reach the handler, on each of its paths', async () => {
  const event = '$!r:example.org/m.room.message/{"body":"hi","sender":"@alice:example.org","ts":7}'
  for (const version of ['v3', 'r0']) {
    const url = `/_matrix/client/${version}/rooms/%21r%3Aexample.org/send/m.room.message/t%2F1?ts=7`
    expect(await sends(url)).toMatchObject({ status: 200, json: { event_id: event }, limits: ['rc_message'] })
  }
})

test('endpoint: path parameters are decoded once, and refused where they do not fit', async () => {
  const path = (roomId: string) => `/_matrix/client/v3/rooms/${roomId}/send/m.room.message/t`
  expect((await sends(path('%21a%252Fb%2F%C3%A9%3Aexample.org'))).json.event_id).toContain('$!a%2Fb/é:example.org/')
  expect(await sends(path('nonsense'))).toMatchObject({
    status: 400,
    json: { errcode: 'M_INVALID_PARAM', error: 'Invalid path parameter "roomId"' },
  })
  for (const bad of ['%', '%zz', '%ff', '%21%E0%A4%A']) {
    expect(await sends(path(bad)), bad).toMatchObject({ status: 400, json: { errcode: 'M_INVALID_PARAM' } })
  }
  expect(await sends(path(`!${'x'.repeat(3_000)}`))).toMatchObject({
    status: 400,
    json: { errcode: 'M_INVALID_PARAM' },
  })
})

test('endpoint: authentication comes before anything about the request is said', async () => {
  const url = '/_matrix/client/v3/rooms/nonsense/send/m.room.message/t?ts=x'
  expect(await sends(url, { token: 'mallory', body: '{' })).toMatchObject({
    status: 401,
    json: { errcode: 'M_UNKNOWN_TOKEN' },
    limits: [],
  })
})

test('endpoint: the access token may stand in the query', async () => {
  const { app } = await servers()
  const url = '/_matrix/client/v3/rooms/%21r%3Aexample.org/send/m.room.message/t?access_token=alice'
  expect((await app.inject({ method: 'PUT', url, payload: '{}' })).statusCode).toBe(200)
})

test('endpoint: fields that are absent, of a wrong type, or not allowed are named', async () => {
  expect(await echoes({})).toBe('400 M_MISSING_PARAM Missing field "name"')
  expect(await echoes({ name: 5 })).toBe('400 M_BAD_JSON Invalid field "name": expected string')
  expect(await echoes({ name: 'a', age: 0 })).toBe('400 M_INVALID_PARAM Invalid field "age": must be >= 1')
  expect(await echoes({ name: 'a', age: '5' })).toBe('400 M_BAD_JSON Invalid field "age": expected integer')
  expect(await echoes('{"name":"a","age":1.5}')).toBe('400 M_BAD_JSON Invalid field "age": expected integer')
  expect(await echoes({ name: 'a', auth: {} })).toBe('400 M_MISSING_PARAM Missing field "auth.session"')
  expect(await echoes({ name: 'a', identifier: { type: 'm.id.user' } })).toBe(
    '400 M_MISSING_PARAM Missing field "identifier.user"',
  )
  expect(await echoes({ name: 'a', identifier: { type: 'm.id.phone', phone: 5 } })).toBe(
    '400 M_BAD_JSON Invalid field "identifier.phone": expected string',
  )
  expect(await echoes({ name: 'a', visibility: 'x' })).toBe('400 M_INVALID_PARAM Invalid field "visibility"')
  expect(await echoes({ name: 'a', visibility: 5 })).toBe('400 M_BAD_JSON Invalid field "visibility"')
  expect(await echoes('{"name":"a","content":1.5}')).toBe('400 M_BAD_JSON Invalid field "content": expected object')
})

test('endpoint: a body is never altered', async () => {
  const body = { name: 'a', unknown: { __proto__x: 1 }, content: { n: '5', list: [null, true] } }
  expect((await echoes(body)).body).toEqual(body)
  const literals = '{"name":"a","content":{"float":1.50,"big":12345678901234567890,"__proto__":{"x":1}}}'
  const { app } = await servers()
  const answer = await app.inject({ method: 'POST', url: '/_matrix/client/v3/echo?dir=b', payload: literals })
  expect(answer.body).toBe(`{"query":{"dir":"b"},"body":${literals}}`)
})

test('endpoint: what is not JSON, or JSON that is refused, is told apart', async () => {
  expect(await echoes('{')).toMatch(/^400 M_NOT_JSON /)
  expect(await echoes(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))).toMatch(/^400 M_NOT_JSON /)
  expect(await echoes('{"name":"a","name":"b"}')).toMatch(/^400 M_BAD_JSON /)
  expect(await echoes(`{"name":${'['.repeat(5_000)}${']'.repeat(5_000)}}`)).toMatch(/^400 M_BAD_JSON /)
  for (const value of ['[]', 'null', '5', '1.5', '"text"']) {
    expect(await echoes(value)).toBe('400 M_BAD_JSON The request body must be a JSON object')
  }
})

test('endpoint: no body counts as {}, whatever the content type', async () => {
  const { app } = await servers()
  const url = '/_matrix/client/v3/rooms/%21r%3Aexample.org/send/m.room.message/t'
  for (const type of ['application/json', 'text/plain', 'nonsense', 'application/x-www-form-urlencoded']) {
    const headers = { authorization: 'bearer alice', 'content-type': type }
    expect((await app.inject({ method: 'PUT', url, headers })).statusCode, type).toBe(200)
    expect((await app.inject({ method: 'PUT', url, headers, payload: '{"a":1}' })).statusCode, type).toBe(200)
  }
})

test('endpoint: query parameters become what their schema asks for', async () => {
  const full = await echoes({ name: 'a' }, 'dir=f&limit=10&full=true&via=a%2Eb&via=c+d&unknown=1&limit=20')
  expect(full.query).toEqual({ dir: 'f', limit: 10, full: true, via: ['a.b', 'c d'] })
  expect((await echoes({ name: 'a' }, 'dir=b&limit=-1&full=false')).query).toEqual({ dir: 'b', limit: -1, full: false })
  expect(await echoes({ name: 'a' }, '')).toBe('400 M_MISSING_PARAM Missing query parameter "dir"')
  expect(await echoes({ name: 'a' }, 'dir=x')).toBe('400 M_INVALID_PARAM Invalid query parameter "dir"')
  for (const limit of ['', 'x', '1.5', '1e3', '99999999999999999999']) {
    expect(await echoes({ name: 'a' }, `dir=b&limit=${limit}`)).toBe(
      '400 M_INVALID_PARAM Invalid query parameter "limit": expected integer',
    )
  }
  expect(await echoes({ name: 'a' }, 'dir=b&full=1')).toMatch(/^400 M_INVALID_PARAM .*"full"/)
  expect(await echoes({ name: 'a' }, 'dir=%ff')).toMatch(/^400 M_INVALID_PARAM .*"dir"/)
})

test('endpoint: a path without the last parameter gives it as an empty string', async () => {
  const getState = endpoint({
    route: 'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
    also: ['/_matrix/client/v3/rooms/{roomId}/state/{eventType}'],
    auth: 'none',
    handle: ({ path }) => path,
  })
  const { app } = await testServer({ getState }, {})
  for (const [suffix, stateKey] of [
    ['/k', 'k'],
    ['/', ''],
    ['', ''],
  ]) {
    const answer = await app.inject({ url: `/_matrix/client/v3/rooms/!r/state/m.room.name${suffix}` })
    expect(answer.json()).toEqual({ roomId: '!r', eventType: 'm.room.name', stateKey })
  }
})

test('endpoint: a signed body is read before the requester is known', async () => {
  const sendTransaction = endpoint({
    route: 'PUT /_matrix/federation/v1/send/{txnId}',
    auth: 'signed',
    body: Type.Object({ pdus: Type.Array(JsonObject) }),
    handle: ({ requester, body }) => ({ origin: requester.origin, count: body.pdus.length }),
  })
  const { app } = await testServer({ sendTransaction }, {})
  const url = '/_matrix/federation/v1/send/1'
  const answer = await app.inject({ method: 'PUT', url, payload: { origin: 'b.example', pdus: [{}] } })
  expect(answer.json()).toEqual({ origin: 'b.example', count: 1 })
  const refused = await app.inject({ method: 'PUT', url, payload: { pdus: [] } })
  expect(refused.json()).toMatchObject({ errcode: 'M_UNAUTHORIZED' })
})

test('endpoint: replies may be prebuilt text, have another status, or be bytes and streams of bytes', async () => {
  const sync = endpoint({
    route: 'GET /_matrix/client/v3/sync',
    auth: 'none',
    handle: () => jsonText('{"next_batch": "s1"}'),
  })
  const uia = endpoint({
    route: 'POST /_matrix/client/v3/register',
    auth: 'none',
    handle: () => jsonReply({ flows: [], session: 's' }, { status: 401, headers: { 'X-Test': '1' } }),
  })
  const upload = endpoint({
    route: 'POST /_matrix/media/v3/upload',
    auth: 'none',
    body: 'bytes',
    handle: ({ body }) => ({ sizeBytes: body.length }),
  })
  const stream = endpoint({
    route: 'POST /_matrix/media/v3/stream',
    auth: 'none',
    body: 'stream',
    async handle({ body }) {
      let sizeBytes = 0
      for await (const chunk of body) sizeBytes += chunk.length
      return { sizeBytes }
    },
  })
  const { app } = await testServer({ sync, uia, upload, stream }, {})
  expect((await app.inject({ url: '/_matrix/client/v3/sync' })).body).toBe('{"next_batch": "s1"}')
  const challenge = await app.inject({ method: 'POST', url: '/_matrix/client/v3/register', payload: '{}' })
  expect([challenge.statusCode, challenge.headers['x-test'], challenge.json()]).toEqual([
    401,
    '1',
    { flows: [], session: 's' },
  ])
  for (const name of ['upload', 'stream']) {
    const answer = await app.inject({ method: 'POST', url: `/_matrix/media/v3/${name}`, payload: Buffer.alloc(70_000) })
    expect(answer.json()).toEqual({ sizeBytes: 70_000 })
  }
})

test('endpoint: an alias may only have parameters of its route', () => {
  expect(() =>
    endpoint({ route: 'GET /a/{x}', also: ['/b/{y}'], auth: 'none', handle: ({ path }) => ({ x: path.x }) }),
  ).toThrow('{y} is no parameter')
})

test('endpoint: types hold path keys, requester and reply to the declaration', () => {
  endpoint({
    route: 'GET /a/{x}',
    auth: 'none',
    // @ts-expect-error z is no parameter of the route
    path: { x: Type.String(), z: Type.String() },
    handle: () => ({}),
  })
  // @ts-expect-error x has no schema
  endpoint({ route: 'GET /a/{x}', auth: 'none', path: { y: Type.String() }, handle: () => ({}) })
  // @ts-expect-error event_id is a string
  endpoint({ route: 'GET /a', auth: 'none', reply: { event_id: Type.String() }, handle: () => ({ event_id: 5 }) })
  // @ts-expect-error nobody is authenticated
  endpoint({ route: 'GET /a', auth: 'none', handle: ({ requester }) => ({ user: requester.userId }) })
})
