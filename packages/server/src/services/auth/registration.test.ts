import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { InteractiveAuthRequired } from './interactive-auth-required.ts'
import { refused, testAccounts } from './test-accounts.ts'

const DUMMY = { auth: { type: 'm.login.dummy' } }
const ALICE = { username: 'alice', password: 'secret' }

const unfinished = async (promise: Promise<unknown>) => {
  const error = await promise.catch((reason: unknown) => reason)
  if (!(error instanceof InteractiveAuthRequired)) throw error
  expect(error.status).toBe(401)
  return error.toJSON()
}

test('register: without auth the flows are told, then a session completes', async () => {
  const { authenticator, profiles, registration } = await testAccounts()

  const { session, ...rest } = await unfinished(registration.register(ALICE))
  expect(rest).toEqual({ flows: [{ stages: ['m.login.dummy'] }], params: {} })
  const { userId, login } = await registration.register({
    ...ALICE,
    auth: { type: 'm.login.dummy', session: session! },
  })

  expect(userId).toBe('@alice:example.org')
  expect(await authenticator.authenticate(login?.accessToken)).toMatchObject({ userId, isAdmin: false, isGuest: false })
  expect(await profiles.get(userId, undefined)).toEqual({ displayname: 'alice' })
})

test('register: one request with the dummy stage is enough, in one commit and without a session', async () => {
  const { database, registration, user } = await testAccounts()
  await user('first')
  const { batches } = database.counts()
  const { login } = await registration.register({ ...ALICE, ...DUMMY, device_id: 'D', refresh_token: true })
  expect(login).toMatchObject({ deviceId: 'D', expiresInMs: 300_000, refreshToken: expect.stringMatching(/^mgr_/) })
  expect(database.counts().batches).toBe(batches + 1)
})

test('register: parameters may come late or once, and need not be repeated', async () => {
  const { registration } = await testAccounts()
  const late = await unfinished(registration.register({}))
  const auth = { type: 'm.login.dummy', session: late['session']! }
  expect((await registration.register({ ...ALICE, auth })).userId).toBe('@alice:example.org')

  const once = await unfinished(registration.register({ username: 'bob', inhibit_login: true }))
  const finished = await registration.register({
    password: 'x',
    username: 'bob',
    auth: { ...auth, session: once['session']! },
  })
  expect(finished.userId).toBe('@bob:example.org')
})

test('register: a client that lost the answer may repeat its request, with the password', async () => {
  const { registration } = await testAccounts()
  const { session } = await unfinished(registration.register(ALICE))
  const auth = { type: 'm.login.dummy', session: session! }
  const first = await registration.register({ ...ALICE, auth })
  const second = await registration.register({ ...ALICE, auth })
  expect(second.userId).toBe(first.userId)
  expect(second.login?.accessToken).not.toBe(first.login?.accessToken)
  await refused(registration.register({ ...ALICE, password: 'guess', auth }), 'M_USER_IN_USE')
})

test('register: inhibit_login makes the account alone', async () => {
  const { devices, registration, accounts } = await testAccounts()
  const { userId, login } = await registration.register({ ...ALICE, ...DUMMY, inhibit_login: true })
  expect(login).toBeUndefined()
  expect(await devices.list((await accounts.find(userId))!.userNid)).toEqual([])
})

test('register: user names are lower-cased, checked before authentication, and generated where left out', async () => {
  const { registration } = await testAccounts()
  expect((await registration.register({ username: 'user-UPPER', password: 'x', ...DUMMY })).userId).toBe(
    '@user-upper:example.org',
  )
  for (const username of ['', 'us,er', 'a b', '@a:example.org', 'é', '_bridge', '12345', 'a'.repeat(250)]) {
    await refused(registration.register({ username }), 'M_INVALID_USERNAME')
    await refused(registration.checkAvailable(username), 'M_INVALID_USERNAME')
  }
  await refused(registration.register({ username: 'user-upper' }), 'M_USER_IN_USE')
  await refused(registration.checkAvailable('user-upper'), 'M_USER_IN_USE')
  await registration.checkAvailable('free')
  expect((await registration.register({ password: 'x', ...DUMMY })).userId).toMatch(/^@[a-z]{12}:example\.org$/)
})

test('register: of two at once under one name, one gets it', async () => {
  const { registration } = await testAccounts()
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => registration.register({ ...ALICE, ...DUMMY })))
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
  for (const outcome of outcomes) {
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ errcode: 'M_USER_IN_USE' })
  }
})

test('register: malformed requests are refused', async () => {
  const { registration } = await testAccounts()
  await refused(registration.register({ username: 1 }), 'M_BAD_JSON')
  await refused(registration.register({ password: 'x', refresh_token: 'yes', ...DUMMY }), 'M_BAD_JSON')
  await refused(registration.register({ auth: 'dummy' }), 'M_BAD_JSON')
  await refused(registration.register({ auth: { type: 1 } }), 'M_BAD_JSON')
  await refused(registration.register({ auth: { type: 'm.login.dummy', session: 1 } }), 'M_BAD_JSON')
  await refused(registration.register({ ...ALICE, auth: { type: 'm.login.dummy', session: 'x' } }), 'M_UNKNOWN')
  await refused(registration.register({ username: 'alice', ...DUMMY }), 'M_MISSING_PARAM')
  await refused(registration.register({ ...ALICE, ...DUMMY, device_id: '' }), 'M_INVALID_PARAM')
  const failed = await unfinished(registration.register({ ...ALICE, auth: { type: 'm.login.password' } }))
  expect(failed).toMatchObject({ errcode: 'M_UNKNOWN', flows: [{ stages: ['m.login.dummy'] }] })
})

test('register: closed registration and guests are refused unless allowed', async () => {
  const closed = await testAccounts({ isOpen: false })
  await refused(closed.registration.register({}), 'M_FORBIDDEN')
  await refused(closed.registration.checkAvailable('alice'), 'M_FORBIDDEN')
  await refused(
    Promise.resolve().then(() => closed.registration.registerGuest({})),
    'M_GUEST_ACCESS_FORBIDDEN',
  )

  const open = await testAccounts({ allowsGuests: true })
  const guest = await open.registration.registerGuest({ device_id: 'D', initial_device_display_name: 'x' })
  expect(guest.login?.deviceId).not.toBe('D')
  expect(await open.authenticator.authenticate(guest.login?.accessToken)).toMatchObject({ isGuest: true })
})

test('register: a hidden conflict shows only once authentication is complete', async () => {
  const { registration, user } = await testAccounts({ hidesUserInUse: true })
  await user('alice')
  await registration.checkAvailable('alice')
  await unfinished(registration.register(ALICE))
  await refused(registration.register({ ...ALICE, ...DUMMY }), 'M_USER_IN_USE')
})

test('shared secret: makes accounts and administrators for who knows the secret', async () => {
  const { authenticator, sharedSecretRegistration } = await testAccounts()
  const nonce = sharedSecretRegistration.newNonce()
  const body = { nonce, username: 'Admin', password: 'pass', admin: true, displayname: 'The Admin' }

  const { userId, login } = await sharedSecretRegistration.register({
    ...body,
    mac: macOf(nonce, 'Admin', 'pass', 'admin'),
  })

  expect(userId).toBe('@admin:example.org')
  expect(await authenticator.authenticate(login?.accessToken)).toMatchObject({ isAdmin: true })
})

test('shared secret: a nonce is good once and for a minute, and the MAC covers everything', async () => {
  const { clock, sharedSecretRegistration: registration } = await testAccounts()
  const request = (nonce: string, ...parts: string[]) =>
    registration.register({ nonce, username: 'bob', password: 'pass', mac: macOf(nonce, ...parts) })

  await refused(request(registration.newNonce(), 'bob', 'pass', 'admin'), 'M_FORBIDDEN')
  const used = registration.newNonce()
  await refused(request(used, 'alice', 'pass', 'notadmin'), 'M_FORBIDDEN')
  await refused(request(used, 'bob', 'pass', 'notadmin'), 'M_UNKNOWN')
  const old = registration.newNonce()
  await clock.advance(60_000)
  await refused(request(old, 'bob', 'pass', 'notadmin'), 'M_UNKNOWN')
  await request(registration.newNonce(), 'bob', 'pass', 'notadmin')
  await refused(request(registration.newNonce(), 'bob', 'pass', 'notadmin'), 'M_USER_IN_USE')

  const nonce = registration.newNonce()
  const bot = { nonce, username: 'bot', password: 'pass', user_type: 'bot', inhibit_login: true }
  const made = await registration.register({ ...bot, mac: macOf(nonce, 'bot', 'pass', 'notadmin', 'bot') })
  expect(made.login).toBeUndefined()
})

test('shared secret: not on offer without one', async () => {
  const { sharedSecretRegistration } = await testAccounts({ secret: null })
  expect(() => sharedSecretRegistration.newNonce()).toThrow(expect.objectContaining({ status: 400 }))
})

function macOf(...parts: string[]): string {
  return createHmac('sha1', 'shared secret').update(parts.join('\0')).digest('hex')
}
