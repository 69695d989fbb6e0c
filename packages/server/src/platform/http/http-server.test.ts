import { MatrixError } from '@magik/protocol'
import { expect, test } from 'vitest'
import { createMetricsRegistry } from '../metrics/registry.ts'
import { HttpMetrics } from './http-metrics.ts'
import { HttpServer } from './http-server.ts'
import { OverloadError } from './overload-error.ts'
import { addMetricsRoutes } from './operator-routes.ts'
import { endpoint, testServer } from './test-server.ts'

const getThing = endpoint({
  route: 'GET /_matrix/client/v3/thing/{id}',
  auth: 'user',
  handle: ({ path }) => ({ id: path.id }),
})
const putThing = endpoint({
  route: 'PUT /_matrix/client/v3/thing/{id}',
  auth: 'none',
  body: { type: 'object' },
  bodyLimitBytes: 100,
  handle: () => ({}),
})
/** Throws what it is handed. */
const failing = (error: unknown) =>
  endpoint({
    route: 'GET /_matrix/client/v3/fail/{secret}',
    auth: 'none',
    async handle() {
      throw error
    },
  })

test('HttpServer: an unknown path is 404, a wrong method 405, both M_UNRECOGNIZED', async () => {
  const { app } = await testServer({ getThing, putThing }, {})
  for (const url of [
    '/_matrix/client/v3/nothing',
    '/',
    '/_matrix/client/v3/thing/a/b',
    '//',
    '/_matrix/client/v3/thing',
  ]) {
    const answer = await app.inject({ url })
    expect([answer.statusCode, answer.json().errcode], url).toEqual([404, 'M_UNRECOGNIZED'])
  }
  for (const method of ['POST', 'DELETE', 'PATCH', 'TRACE'] as const) {
    const answer = await app.inject({ method, url: '/_matrix/client/v3/thing/a%2Fb?x=/y' })
    expect([answer.statusCode, answer.json().errcode], method).toEqual([405, 'M_UNRECOGNIZED'])
    expect(answer.headers.allow).toBe('GET, PUT')
  }
})

test('HttpServer: every answer may be read by pages of any origin, errors included', async () => {
  const { app } = await testServer({ getThing, failing: failing(new Error('bug')) }, {})
  for (const url of ['/_matrix/client/v3/thing/a', '/nothing', '/_matrix/client/v3/fail/x', '/%zz']) {
    const { headers } = await app.inject({ url })
    expect(headers['access-control-allow-origin'], url).toBe('*')
    expect(headers['access-control-allow-headers']).toBe('X-Requested-With, Content-Type, Authorization, Date')
    for (const method of ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect(headers['access-control-allow-methods']).toContain(method)
    }
  }
})

test('HttpServer: a preflight is answered on every path, without authentication', async () => {
  const { app } = await testServer({ getThing }, {})
  for (const url of ['/_matrix/client/v3/thing/a', '/nothing', '/']) {
    const answer = await app.inject({ method: 'OPTIONS', url })
    expect([answer.statusCode, answer.body, answer.headers['access-control-allow-origin']]).toEqual([204, '', '*'])
  }
})

test('HttpServer: HEAD is GET without its body', async () => {
  const { app } = await testServer({ getThing }, {})
  const options = { url: '/_matrix/client/v3/thing/a', headers: { authorization: 'Bearer alice' } }
  const [get, head] = [await app.inject(options), await app.inject({ ...options, method: 'HEAD' })]
  expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', String(get.body.length)])
})

test('HttpServer: a body may be as large as its endpoint allows, and not a byte larger', async () => {
  const { app } = await testServer({ putThing }, {})
  const body = (sizeBytes: number) => JSON.stringify({ a: 'x'.repeat(sizeBytes - '{"a":""}'.length) })
  const put = (payload: string) => app.inject({ method: 'PUT', url: '/_matrix/client/v3/thing/a', payload })
  expect((await put(body(100))).statusCode).toBe(200)
  const refused = await put(body(101))
  expect([refused.statusCode, refused.json().errcode]).toEqual([413, 'M_TOO_LARGE'])
})

test('HttpServer: a bug is a 500 that says nothing, and a log line that names request and route', async () => {
  const { app, log } = await testServer({ failing: failing(new TypeError('secret detail')) }, {})
  const answer = await app.inject({ url: '/_matrix/client/v3/fail/hush' })
  expect(answer.statusCode).toBe(500)
  expect(answer.json()).toEqual({ errcode: 'M_UNKNOWN', error: 'Internal server error' })
  expect(log.find(({ level }) => level === 'error')).toMatchObject({
    msg: 'request failed',
    requestId: answer.headers['x-request-id'],
    route: 'GET /_matrix/client/v3/fail/{secret}',
    err: { type: 'TypeError', message: 'secret detail' },
  })
})

test('HttpServer: values that are no errors, and answers that cannot be written, are bugs, too', async () => {
  const circular: Record<string, unknown> = {}
  circular['self'] = circular
  const reply = endpoint({ route: 'GET /_matrix/client/v3/reply', auth: 'none', handle: () => circular })
  const { app } = await testServer({ failing: failing('just text'), reply }, {})
  for (const url of ['/_matrix/client/v3/fail/x', '/_matrix/client/v3/reply']) {
    expect((await app.inject({ url })).json()).toEqual({ errcode: 'M_UNKNOWN', error: 'Internal server error' })
  }
})

test('HttpServer: limits and overload say when to come back', async () => {
  const limited = new MatrixError('M_LIMIT_EXCEEDED', 'Too many requests', { fields: { retry_after_ms: 1_500 } })
  class BusyError extends Error {}
  const cases = [
    [limited, 429, '2'],
    [new OverloadError('Too many writes', { retryAfterMs: 200 }), 503, '1'],
    [new BusyError(), 503, '1'],
  ] as const
  for (const [error, status, retryAfter] of cases) {
    const isOverload = (thrown: unknown) => thrown instanceof BusyError
    const { app } = await testServer({ failing: failing(error) }, {}, { isOverload })
    const answer = await app.inject({ url: '/_matrix/client/v3/fail/x' })
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([status, retryAfter])
    expect(answer.json()).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: expect.any(Number) })
  }
})

test('HttpServer: each request has its own ID, and its access token is not logged', async () => {
  const { app, log } = await testServer({ getThing }, {})
  const url = '/_matrix/client/v3/thing/a?access_token=alice&a%63cess_token=alice&x=1'
  const [first, second] = [await app.inject({ url }), await app.inject({ url })]
  expect([first.headers['x-request-id'], second.headers['x-request-id']]).toEqual(['test-1', 'test-2'])
  expect(log.map(({ msg, requestId, status, url }) => ({ msg, requestId, status, url }))).toEqual(
    ['test-1', 'test-2'].map((requestId) => ({
      msg: 'request answered',
      requestId,
      status: 200,
      url: '/_matrix/client/v3/thing/a?access_token=<redacted>&a%63cess_token=<redacted>&x=1',
    })),
  )
})

test('HttpServer: requests are counted under their operation ID, never under their path', async () => {
  const registry = createMetricsRegistry({ serverName: 'example.org', version: '1' })
  const metrics = new HttpMetrics(registry)
  const { app } = await testServer({ getThing }, {}, { metrics })
  await app.inject({ url: '/_matrix/client/v3/thing/a' })
  await app.inject({ url: '/_matrix/client/v3/thing/b', headers: { authorization: 'Bearer alice' } })
  const text = await registry.metrics()
  const labels = 'method="GET",servlet="getThing"'
  expect(text).toContain(`synapse_http_server_requests_received_total{${labels},server_name="example.org"} 2`)
  expect(text).toContain(`synapse_http_server_in_flight_requests_count{${labels},server_name="example.org"} 0`)
  expect(text).toContain('synapse_http_server_responses_total{method="GET",code="401",server_name="example.org"} 1')
  expect(text).toContain(`response_time_seconds_count{server_name="example.org",${labels},code="200"} 1`)
})

test('HttpServer: the metrics are where Prometheus and where Synapse have them', async () => {
  const registry = createMetricsRegistry({ serverName: 'example.org', version: '1' })
  const { logger, clock } = (await testServer({}, {})).server
  const server = new HttpServer({ clock, logger })
  addMetricsRoutes(server, registry)
  await server.ready()
  for (const url of ['/metrics', '/_synapse/metrics']) {
    const answer = await server.app.inject({ url })
    expect(answer.headers['content-type']).toContain('text/plain')
    expect(answer.body).toContain('synapse_build_info')
  }
})
