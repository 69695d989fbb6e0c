import type { JsonObject } from '@magik/protocol'
import { expect, test } from 'vitest'
import { InteractiveAuthRequired } from './interactive-auth-required.ts'
import { refused, testAccounts } from './test-accounts.ts'

const stateOf = async (promise: Promise<unknown>): Promise<JsonObject> => {
  const error = await promise.catch((reason: unknown) => reason)
  if (!(error instanceof InteractiveAuthRequired)) throw error
  return error.toJSON()
}

const withPassword = (user: string, password: string, more: JsonObject = {}) => ({
  auth: { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password, ...more },
})

test('a device is removed once its owner has proved to be the owner', async () => {
  const { deviceRemoval, devices, sessions, user } = await testAccounts()
  const alice = await user('alice')
  await sessions.open(alice, { deviceId: 'TV', initialDeviceDisplayName: undefined, supportsRefresh: false })

  const { session, ...rest } = await stateOf(deviceRemoval.removeOne(alice.requester, 'TV', {}))
  expect(rest).toEqual({ flows: [{ stages: ['m.login.password'] }], params: {} })
  const failed = await stateOf(
    deviceRemoval.removeOne(alice.requester, 'TV', withPassword('alice', 'wrong', { session: session! })),
  )
  expect(failed).toMatchObject({ session, errcode: 'M_FORBIDDEN', error: expect.any(String) })
  await deviceRemoval.removeOne(alice.requester, 'TV', withPassword('alice', 'secret', { session: session! }))

  expect((await devices.list(alice.userNid)).map((device) => device.deviceId)).toEqual(['PHONE'])
})

test('another user’s password is refused for good', async () => {
  const { deviceRemoval, devices, user } = await testAccounts()
  const alice = await user('alice')
  await user('bob')
  const attempt = deviceRemoval.removeOne(alice.requester, 'PHONE', withPassword('bob', 'secret'))
  expect(await refused(attempt, 'M_FORBIDDEN')).toMatchObject({ status: 403 })
  expect(await devices.list(alice.userNid)).toHaveLength(1)
})

test('a session is good for no other device, request, user or parameters', async () => {
  const { deviceRemoval, user } = await testAccounts()
  const alice = await user('alice')
  const bob = await user('bob')
  const { session } = await stateOf(deviceRemoval.removeSeveral(alice.requester, { devices: ['TV'] }))
  const auth = withPassword('alice', 'secret', { session: session! })

  await refused(deviceRemoval.removeOne(alice.requester, 'TV', auth), 'M_FORBIDDEN')
  await refused(deviceRemoval.removeSeveral(bob.requester, { devices: ['TV'], ...auth }), 'M_FORBIDDEN')
  await refused(deviceRemoval.removeSeveral(alice.requester, { devices: ['PHONE'], ...auth }), 'M_FORBIDDEN')
  await deviceRemoval.removeSeveral(alice.requester, auth)
})

test('a session expires', async () => {
  const { clock, deviceRemoval, user } = await testAccounts()
  const alice = await user('alice')
  const { session } = await stateOf(deviceRemoval.removeOne(alice.requester, 'TV', {}))
  await clock.advance(24 * 60 * 60_000)
  const attempt = deviceRemoval.removeOne(alice.requester, 'TV', withPassword('alice', 'secret', { session: session! }))
  await refused(attempt, 'M_UNKNOWN')
})

test('flows of several stages tell what is completed, and completed stages are not asked again', async () => {
  const { interactiveAuth, user } = await testAccounts()
  const alice = await user('alice')
  const attempt = (body: JsonObject) =>
    interactiveAuth.authenticate({
      method: 'POST',
      path: '/test',
      body,
      requester: alice.requester,
      flows: [{ stages: ['m.login.password', 'm.login.dummy'] }],
      allowsNewParameters: false,
      allowsRecentProof: false,
    })

  const first = await stateOf(attempt({ what: 1, ...withPassword('alice', 'secret') }))
  expect(first).toMatchObject({ completed: ['m.login.password'] })
  expect(first).not.toHaveProperty('errcode')
  const session = first['session']!
  const again = await stateOf(attempt({ what: 1, ...withPassword('alice', 'wrong', { session }) }))
  expect(again).toEqual(first)
  const proof = await attempt({ what: 1, auth: { type: 'm.login.dummy', session } })
  expect(proof).toMatchObject({
    sessionId: session,
    parameters: { what: 1 },
    completed: { 'm.login.password': '@alice:example.org', 'm.login.dummy': true },
  })
  // when a client polls with the session alone, as after a stage completed elsewhere
  await attempt({ what: 1, auth: { session } })
})

test('a recent proof spares the next one, where the configuration says so', async () => {
  const { clock, deviceRemoval, user } = await testAccounts({ proofLifetimeMs: 60_000 })
  const alice = await user('alice')
  await deviceRemoval.removeOne(alice.requester, 'TV', {})
  await clock.advance(60_000)
  await stateOf(deviceRemoval.removeOne(alice.requester, 'TV', {}))
  await deviceRemoval.removeOne(alice.requester, 'TV', withPassword('alice', 'secret'))
  await deviceRemoval.removeOne(alice.requester, 'RADIO', {})
})

test('passwords are not stored with a session', async () => {
  const { database, registration } = await testAccounts()
  await stateOf(registration.register({ username: 'alice', password: 'very secret' }))
  const all = database.query({ scan: true })((q) => q.selectFrom('ui_auth_sessions').select('parameters'))
  expect(await database.scan(all, {})).toEqual([{ parameters: '{"username":"alice"}' }])
})
