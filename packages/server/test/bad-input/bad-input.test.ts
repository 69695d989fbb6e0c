import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DEFAULT_MAX_JSON_DEPTH } from '@magik/protocol'
import { afterAll, describe, expect, test } from 'vitest'
import { createLogger } from '../../src/platform/log/logger.ts'
import type { HttpAnswer, HttpCall } from '../harness/index.ts'
import { startTestServer } from '../harness/index.ts'
import { fieldNames } from './field-names.ts'
import {
  concrete,
  fits,
  formFault,
  METHODS,
  newSituation,
  parametersOf,
  refusal,
  requester,
  takesJson,
} from './routes.ts'

// Generated over the routes that are registered: whatever endpoint is added is covered without a word here.

const failures: unknown[] = []
const folder = await mkdtemp(join(tmpdir(), 'magik-bad-input-'))
const server = await startTestServer({
  folder,
  surroundings: {
    logger: createLogger({ level: 'error', destination: { write: (line: string) => void failures.push(line) } }),
  },
})
afterAll(async () => {
  await server.stop()
  rmSync(folder, { recursive: true })
})

const routes = server.server.http.routes.map((route, number) => {
  const path = route.paths[0]!
  return { number, route, path, title: `${route.method} ${path}` }
})
const withBody = routes.filter(({ route }) => takesJson(route))
const withToken = routes.filter(({ route }) => ['user', 'guest', 'admin'].includes(route.declared?.auth ?? ''))

/** The places of the first route of a kind, with somebody to make requests. */
async function tryOut({ number, route, path }: (typeof routes)[number], kind: string) {
  const situation = await newSituation(server, `${kind}${number}`, route)
  const request = requester(server, situation)
  const url = concrete(path, situation)
  const send = (call: Partial<HttpCall> = {}) => request({ method: route.method, url, ...call })
  return { situation, url, send }
}

/** Holds that every answer is a success or a refusal in the spec's form, and that nothing was logged as failed. */
function expectForm(answers: readonly (readonly [what: string, answer: HttpAnswer])[]): void {
  const faults = answers.flatMap(([what, answer]) => {
    const fault = formFault(answer)
    return fault === undefined ? [] : [`${what}: ${fault}`]
  })
  expect(faults).toEqual([])
  expect(failures).toEqual([])
}

test('there are routes to try', () => {
  expect(routes.length).toBeGreaterThan(50)
  expect(withBody.length).toBeGreaterThan(20)
})

describe('whoever must say who they are', () => {
  test.each(withToken)('$title', async (tried) => {
    const { situation, send } = await tryOut(tried, 'token')
    for (const path of tried.route.paths) {
      const url = concrete(path, situation)
      const headers = (authorization: string) => ({ url, headers: { authorization } })
      const { transport } = server
      const without = await transport({ method: tried.route.method, url })
      expect(refusal(without), `${path} without a token`).toEqual({ status: 401, errcode: 'M_MISSING_TOKEN' })
      for (const token of ['Bearer wrong', `Bearer ${'x'.repeat(5_000)}`, 'Bearer mgt_1_%ff']) {
        const unknown = await send(headers(token))
        expect(refusal(unknown), `${path} with ${token.slice(0, 20)}`).toEqual({
          status: 401,
          errcode: 'M_UNKNOWN_TOKEN',
        })
        expect(JSON.parse(unknown.body)).not.toMatchObject({ soft_logout: true })
      }
      for (const nonsense of ['Basic abc', 'Bearer', '']) expect((await send(headers(nonsense))).status).toBe(401)
    }
    expectForm([])
  })
})

describe('bodies that are not what they should be', () => {
  const nothingButJson = { status: 400, errcode: 'M_NOT_JSON' }
  const notThisJson = { status: 400, errcode: 'M_BAD_JSON' }
  const bodies: readonly (readonly [what: string, body: string | Uint8Array, expected: object])[] = [
    ['cut short', '{"a":', nothingButJson],
    ['not JSON', 'user=alice&password=secret', nothingButJson],
    ['a comma too many', '{"a":1,}', nothingButJson],
    ['two values', '{}{}', nothingButJson],
    ['a number that JSON does not know', '{"a":NaN}', nothingButJson],
    ['bad UTF-8', Uint8Array.of(0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xff, 0xfe, 0x22, 0x7d), nothingButJson],
    ['a list', '[]', notThisJson],
    ['a text', '"text"', notThisJson],
    ['a number', '1', notThisJson],
    ['null', 'null', notThisJson],
    ['a key twice', '{"a":1,"a":2}', notThisJson],
    ['a key twice, spelt differently', '{"a":1,"\\u0061":2}', notThisJson],
    ['half a character', '{"a":"\\ud800"}', notThisJson],
    ['nested 100,000 deep', `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, notThisJson],
    ['nested one deeper than allowed', nested(DEFAULT_MAX_JSON_DEPTH + 1), notThisJson],
  ]

  test.each(withBody)('$title', async (tried) => {
    const { send } = await tryOut(tried, 'body')
    for (const [what, body, expected] of bodies) expect(refusal(await send({ body })), what).toEqual(expected)
    const deepest = await send({ body: nested(DEFAULT_MAX_JSON_DEPTH) })
    expect(formFault(deepest)).toBeUndefined()
    // whatever its type is said to be
    const plain = await send({ body: '{', headers: { 'content-type': 'text/plain; charset=latin1' } })
    expect(refusal(plain)).toEqual(nothingButJson)
    // an announcement is believed: nobody waits for all of it
    const announced = await send({ body: '{}', headers: { 'content-length': '100000000000' } })
    expect(refusal(announced)).toEqual({ status: 413, errcode: 'M_TOO_LARGE' })
    expectForm([])
  })

  test('a body larger than the limit is refused wherever it is sent', async () => {
    const [tried] = withBody
    const { send } = await tryOut(tried!, 'large')
    const body = `{"a":"${'x'.repeat(server.server.http.bodyLimitBytes)}"}`
    expect(refusal(await send({ body }))).toEqual({ status: 413, errcode: 'M_TOO_LARGE' })
    expectForm([])
  })
})

describe('fields of the wrong type', () => {
  const values: readonly unknown[] = [
    null,
    true,
    -1,
    0.5,
    2 ** 53,
    '',
    'text',
    '\u0000',
    'x'.repeat(70_000),
    [],
    [null],
    [[]],
    {},
    { type: 7 },
    { type: 'm.login.password', user: [], identifier: 1, session: {} },
    { __proto__: 1, constructor: 2 },
  ]

  test.each(withBody)('$title', async (tried) => {
    const { situation, url } = await tryOut(tried, 'field')
    let { user } = situation
    const answers: [string, HttpAnswer][] = []
    for (const name of fieldNames(tried.route)) {
      for (const value of values) {
        const body = JSON.stringify({ [name]: value })
        const answer = await requester(server, { ...situation, user })({ method: tried.route.method, url, body })
        answers.push([body.slice(0, 100), answer])
        // Some of it is right, and what it does may be to log out.
        if (refusal(answer).errcode === 'M_UNKNOWN_TOKEN') user = await user.onAnotherDevice()
      }
    }
    expectForm(answers)
  })
})

describe('paths and queries', () => {
  const texts = [
    '%',
    '%f',
    '%zz',
    '%ff%fe',
    '%c3%28',
    '%00',
    '%2e%2e%2f',
    '.',
    'x',
    '!',
    '!x:',
    '@:',
    '#a:b:c:d',
    '$',
    `!${'x'.repeat(300)}:example.org`,
    'x'.repeat(3_000),
    '%F0%9F%90%B1',
    '%E2%80%AE',
    '-1',
    '9999999999999999999',
    '%7B%7D',
    'null',
  ]

  test.each(routes.filter(({ path }) => path.includes('{')))('a wrong parameter in $title', async (tried) => {
    const { situation, send } = await tryOut(tried, 'path')
    const answers: [string, HttpAnswer][] = []
    for (const path of tried.route.paths) {
      for (const parameter of parametersOf(path)) {
        for (const text of texts) {
          const url = concrete(path, situation, { [parameter]: text })
          const answer = await send({ url, ...(takesJson(tried.route) && { body: '{}' }) })
          answers.push([url.slice(0, 200), answer])
          if (/%($|f$|zz|ff|c3%28)/.test(text)) {
            expect(refusal(answer), url).toEqual({ status: 400, errcode: 'M_INVALID_PARAM' })
          }
        }
      }
    }
    expectForm(answers)
  })

  test.each(routes)('a wrong query in $title', async (tried) => {
    const { url, send } = await tryOut(tried, 'query')
    const answers: [string, HttpAnswer][] = []
    const queries = Object.entries(tried.route.declared?.schemas.query ?? {}).flatMap(([name, schema]) =>
      texts.map((text) => ({ query: `${name}=${text}`, type: Reflect.get(schema, 'type'), text })),
    )
    for (const { query, type, text } of queries) {
      const answer = await send({ url: `${url}?${query}`, ...(takesJson(tried.route) && { body: '{}' }) })
      answers.push([`${url}?${query.slice(0, 100)}`, answer])
      const isNumber = type === 'integer' || type === 'number'
      if (isNumber && /^[^-+0-9]/.test(text)) {
        expect(refusal(answer), query).toEqual({ status: 400, errcode: 'M_INVALID_PARAM' })
      }
    }
    for (const query of ['unknown=1', '&&&=&', '=', 'a=1&a=2', '%ff=%ff', 'x'.repeat(5_000)]) {
      answers.push([query, await send({ url: `${url}?${query}`, ...(takesJson(tried.route) && { body: '{' }) })])
    }
    expectForm(answers)
  })
})

describe('methods and paths that are not there', () => {
  test.each(routes)('$title by another method', async (tried) => {
    const { situation, send } = await tryOut(tried, 'method')
    for (const path of tried.route.paths) {
      const url = concrete(path, situation)
      for (const method of METHODS) {
        const isThere = routes.some(({ route }) => route.method === method && route.paths.some((it) => fits(it, url)))
        if (isThere) continue
        const answer = await send({ method, url, body: '{}' })
        expect(refusal(answer), `${method} ${url}`).toEqual({ status: 405, errcode: 'M_UNRECOGNIZED' })
        expect(answer.headers['allow']).toContain(tried.route.method)
      }
    }
    expectForm([])
  })

  test.each([
    '/_matrix/client/v3/none',
    '/_matrix/client/none',
    '/_matrix/client/v99/sync',
    '/_matrix/none/',
    '/_matrix',
    '/_synapse/admin/v1/none',
    '/_none',
    '/%2e%2e/etc/passwd',
    '/_matrix//client/v3/sync',
  ])('%s', async (url) => {
    for (const method of METHODS) {
      const answer = await server.transport({ method, url })
      expect(refusal(answer)).toEqual({ status: 404, errcode: 'M_UNRECOGNIZED' })
      expect(formFault(answer)).toBeUndefined()
    }
  })
})

/** An object that many objects deep, itself included. */
function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}
