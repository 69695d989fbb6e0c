import { expect, test } from 'vitest'
import { refused, testAccounts } from './test-accounts.ts'
import { hashToken } from './token.ts'
import { TokenAuthenticator } from './token-authenticator.ts'

test('authenticate: a token seen before costs no read and no write', async () => {
  const { authenticator, database, user } = await testAccounts()
  const alice = await user('alice')
  const before = database.counts()

  for (let i = 0; i < 100; i++) await authenticator.authenticate(alice.accessToken, { ip: '1.2.3.4' })

  expect(database.counts()).toEqual(before)
})

test('authenticate: missing, unknown and expired tokens are told apart', async () => {
  const { authenticator, clock, sessions, user } = await testAccounts({
    lifetimes: { nonrefreshableAccessTokenMs: 60_000 },
  })
  const alice = await user('alice')
  const login = await sessions.open(alice, {
    deviceId: 'TV',
    initialDeviceDisplayName: undefined,
    supportsRefresh: false,
  })
  expect(login.expiresInMs).toBe(60_000)

  await refused(authenticator.authenticate(undefined), 'M_MISSING_TOKEN')
  await refused(authenticator.authenticate(''), 'M_MISSING_TOKEN')
  const unknown = await refused(authenticator.authenticate('nobody’s'), 'M_UNKNOWN_TOKEN')
  expect(unknown).toMatchObject({ status: 401, fields: {} })
  await clock.advance(60_000)
  // one that was cached, and one that was not
  for (const token of [alice.accessToken, login.accessToken]) {
    const expired = await refused(authenticator.authenticate(token), 'M_UNKNOWN_TOKEN')
    expect(expired).toMatchObject({ status: 401, fields: { soft_logout: true } })
  }
})

test('authenticate: tokens of other makers work as long as their hash is stored', async () => {
  const { authenticator, database, stores, user } = await testAccounts()
  const alice = await user('alice')
  const imported = 'syt_YWxpY2U_abcdefghijklmnopqrst_0ZZZZZ'
  await database.write({
    statements: [
      stores.accessTokens.insert({
        tokenHash: hashToken(imported),
        userNid: alice.userNid,
        deviceId: undefined,
        createdTs: 0,
        expiresTs: undefined,
        validatedTs: 0,
        refreshTokenHash: undefined,
        isFromRefresh: false,
      }),
    ],
  })
  expect(await authenticator.authenticate(imported)).toMatchObject({ userId: alice.userId, deviceId: undefined })
})

test('authenticate: a locked account may do nothing but log out, until it is unlocked', async () => {
  const { accounts, authenticator, user } = await testAccounts()
  const alice = await user('alice')

  await accounts.setFlags(alice.userNid, { isLocked: true })

  const error = await refused(authenticator.authenticate(alice.accessToken), 'M_USER_LOCKED')
  expect(error).toMatchObject({ status: 401, fields: { soft_logout: true } })
  expect(await authenticator.authenticate(alice.accessToken, { allowLocked: true })).toMatchObject({
    userId: alice.userId,
  })
  await accounts.setFlags(alice.userNid, { isLocked: false, isAdmin: true, isSuspended: true })
  expect(await authenticator.authenticate(alice.accessToken)).toMatchObject({ isAdmin: true, isSuspended: true })
})

test('authenticate: a token that is removed while it is read is not remembered', async () => {
  // given a database whose answers can be held
  const { activity, clock, database, sessions, stores, user, userNumbers } = await testAccounts()
  const alice = await user('alice')
  const gate = Promise.withResolvers<void>()
  const { accessTokens } = stores
  const slowTokens = {
    async find(tokenHash: Uint8Array) {
      const row = await accessTokens.find(tokenHash)
      await gate.promise
      return row
    },
    markUsed: (tokenHash: Uint8Array) => accessTokens.markUsed(tokenHash),
    removeExpired: accessTokens.removeExpired.bind(accessTokens),
  }
  const authenticator = new TokenAuthenticator({ activity, clock, database, userNumbers, accessTokens: slowTokens })

  // when the logout commits while the token's row is on its way
  const reading = authenticator.authenticate(alice.accessToken)
  await sessions.closeAll(alice.userNid)
  authenticator.forgetUser(alice.userNid)
  gate.resolve()
  await reading

  // then that request is served, and no other
  await refused(authenticator.authenticate(alice.accessToken), 'M_UNKNOWN_TOKEN')
})

test('authenticate: devices are noted as seen, seldom and later', async () => {
  const { activity, authenticator, clock, database, devices, errors, user } = await testAccounts()
  const alice = await user('alice')
  await clock.advance(200_000)
  const seenAt = clock.now()
  await authenticator.authenticate(alice.accessToken, { ip: '1.2.3.4', userAgent: 'test' })
  await activity.flush()
  expect(await devices.get(alice.userNid, 'PHONE')).toMatchObject({ lastSeenTs: seenAt, lastSeenIp: '1.2.3.4' })

  // when the device goes on for two minutes
  const { batches } = database.counts()
  for (let i = 0; i < 12; i++) {
    await clock.advance(10_000)
    await authenticator.authenticate(alice.accessToken, { ip: '5.6.7.8' })
  }
  await activity.flush()

  // then nothing more has been written
  expect(database.counts().batches).toBe(batches)
  expect(errors).toEqual([])
})
