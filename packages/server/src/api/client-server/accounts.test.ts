import { expect, test } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import { HttpServer } from '../../platform/http/http-server.ts'
import { registerEndpoints } from '../../platform/http/register-endpoints.ts'
import { createLogger } from '../../platform/log/logger.ts'
import { testAccounts } from '../../services/auth/test-accounts.ts'
import { clientAuthenticators } from '../authenticators.ts'
import * as synapseRegister from '../synapse-admin/register.ts'
import * as accountData from './account-data.ts'
import * as administrativeContact from './administrative_contact.ts'
import * as capabilities from './capabilities.ts'
import * as deviceManagement from './device_management.ts'
import * as filter from './filter.ts'
import * as login from './login.ts'
import * as logout from './logout.ts'
import * as profile from './profile.ts'
import * as pushrules from './pushrules.ts'
import * as refresh from './refresh.ts'
import * as registration from './registration.ts'
import * as versions from './versions.ts'
import * as whoami from './whoami.ts'

const endpoints = {
  ...accountData,
  ...administrativeContact,
  ...capabilities,
  ...deviceManagement,
  ...filter,
  ...login,
  ...logout,
  ...profile,
  ...pushrules,
  ...refresh,
  ...registration,
  ...synapseRegister,
  ...versions,
  ...whoami,
}

async function accountServer() {
  const services = await testAccounts()
  const logger = createLogger({ level: 'error', destination: { write: (line) => void console.error(line) } })
  const server = new HttpServer({ clock: new ManualClock(), logger, requestIdPrefix: 'test' })
  const deps = {
    ...services,
    capabilityOptions: { defaultRoomVersion: '12', allowsDisplaynameChange: true, allowsAvatarChange: false },
  }
  registerEndpoints(server, endpoints, deps, { authenticators: clientAuthenticators(services.authenticator) })
  await server.ready()
  const call = async (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, token?: string) => {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
    const url = path.startsWith('/_') ? path : `/_matrix/client/v3${path}`
    const options = { method, url, headers, ...(body !== undefined && { payload: JSON.stringify(body) }) }
    const answer = await server.app.inject(options)
    return { status: answer.statusCode, json: answer.json() }
  }
  return { ...services, call }
}

test('register: the 401 has flows, session and params but no error code, and a session completes it', async () => {
  const { call } = await accountServer()
  const first = await call('POST', '/register', {})
  expect(first).toEqual({
    status: 401,
    json: { session: expect.any(String), flows: [{ stages: ['m.login.dummy'] }], params: {} },
  })
  const auth = { type: 'm.login.dummy', session: first.json.session }
  const made = await call('POST', '/register', { username: 'alice', password: 'secret', auth, refresh_token: true })
  expect(made).toEqual({
    status: 200,
    json: {
      user_id: '@alice:example.org',
      home_server: 'example.org',
      device_id: expect.any(String),
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in_ms: 300_000,
    },
  })
  const renewed = await call('POST', '/refresh', { refresh_token: made.json.refresh_token })
  expect(await call('GET', '/account/whoami', undefined, renewed.json.access_token)).toEqual({
    status: 200,
    json: { user_id: '@alice:example.org', device_id: made.json.device_id, is_guest: false },
  })
  expect(await call('POST', '/register?kind=guest', {})).toMatchObject({
    status: 403,
    json: { errcode: 'M_GUEST_ACCESS_FORBIDDEN' },
  })
  expect(await call('GET', '/register/available?username=bob')).toMatchObject({ json: { available: true } })
})

test('login and logout: a token lives from one to the other, on old paths too', async () => {
  const { call, user } = await accountServer()
  await user('alice')
  expect(await call('GET', '/_matrix/client/r0/login')).toMatchObject({
    json: { flows: [{ type: 'm.login.password' }] },
  })
  const { json } = await call('POST', '/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: '@ALICE:example.org' },
    password: 'secret',
    device_id: 'laptop',
    initial_device_display_name: 'Laptop',
  })
  const token: string = json.access_token
  expect(await call('GET', '/devices/laptop', undefined, token)).toMatchObject({ json: { display_name: 'Laptop' } })
  expect((await call('GET', '/devices', undefined, token)).json.devices).toHaveLength(2)
  expect(await call('DELETE', '/devices/PHONE', undefined, token)).toMatchObject({ status: 401, json: { params: {} } })
  expect(await call('POST', '/logout', undefined, token)).toEqual({ status: 200, json: {} })
  expect(await call('GET', '/account/whoami', undefined, token)).toMatchObject({
    status: 401,
    json: { errcode: 'M_UNKNOWN_TOKEN' },
  })
  expect(await call('POST', '/logout')).toMatchObject({ status: 401, json: { errcode: 'M_MISSING_TOKEN' } })
  expect(await call('POST', '/login', { type: 'm.login.token', token: 'x' })).toMatchObject({
    status: 400,
    json: { errcode: 'M_UNKNOWN' },
  })
})

test('what clients read at their start is there', async () => {
  const { call, user } = await accountServer()
  const { accessToken: token } = await user('alice')
  const { json: spec } = await call('GET', '/_matrix/client/versions')
  expect(spec.versions).toEqual(expect.arrayContaining(['r0.6.1', 'v1.1', 'v1.19']))
  expect(await call('GET', '/capabilities')).toMatchObject({ status: 401 })
  const { json } = await call('GET', '/capabilities', undefined, token)
  expect(json.capabilities).toMatchObject({
    'm.room_versions': { default: '12', available: expect.objectContaining({ '11': 'stable', '12': 'stable' }) },
    'm.change_password': { enabled: false },
    'm.set_avatar_url': { enabled: false },
    'm.profile_fields': { enabled: true, disallowed: ['avatar_url'] },
  })
  expect((await call('GET', '/pushrules/', undefined, token)).json.global.override.length).toBeGreaterThan(5)
  expect((await call('GET', '/pushrules/global/', undefined, token)).json.underride.length).toBeGreaterThan(3)
  const rule = '/pushrules/global/override/.m.rule.master'
  expect(await call('GET', rule, undefined, token)).toMatchObject({ json: { rule_id: '.m.rule.master' } })
  expect(await call('GET', `${rule}/enabled`, undefined, token)).toEqual({ status: 200, json: { enabled: false } })
  expect(await call('GET', '/pushrules/global/room/none', undefined, token)).toMatchObject({ status: 404 })
  expect(await call('GET', '/account/3pid', undefined, token)).toEqual({ status: 200, json: { threepids: [] } })
  const { json: defined } = await call('POST', '/user/@alice:example.org/filter', { room: {} }, token)
  expect(await call('GET', `/user/@alice:example.org/filter/${defined.filter_id}`, undefined, token)).toEqual({
    status: 200,
    json: { room: {} },
  })
})

test('profile and account data: one writes, one reads', async () => {
  const { call, user } = await accountServer()
  const { accessToken: token } = await user('alice')
  const path = '/profile/@alice:example.org'
  expect(await call('PUT', `${path}/displayname`, { displayname: 'Alice' }, token)).toEqual({ status: 200, json: {} })
  expect(await call('GET', `${path}/displayname`)).toEqual({ status: 200, json: { displayname: 'Alice' } })
  expect(await call('PUT', `${path}/m.tz`, { other: 1 }, token)).toMatchObject({ json: { errcode: 'M_MISSING_PARAM' } })
  expect(await call('PUT', `${path}/m.tz`, { 'm.tz': 'Europe/Rome' }, token)).toEqual({ status: 200, json: {} })
  expect(await call('DELETE', `${path}/displayname`, undefined, token)).toEqual({ status: 200, json: {} })
  expect(await call('GET', path)).toEqual({ status: 200, json: { 'm.tz': 'Europe/Rome' } })

  const data = '/user/@alice:example.org/account_data'
  expect(await call('PUT', `${data}/test.key`, { value: 1.5 }, token)).toEqual({ status: 200, json: {} })
  expect(await call('GET', `${data}/test.key`, undefined, token)).toEqual({ status: 200, json: { value: 1.5 } })
  expect(await call('PUT', `${data}/m.push_rules`, {}, token)).toMatchObject({ status: 405 })
  const room = '/user/@alice:example.org/rooms/nonsense/account_data/x'
  expect(await call('PUT', room, {}, token)).toMatchObject({ status: 400, json: { errcode: 'M_INVALID_PARAM' } })
})
