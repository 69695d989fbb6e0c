import { expect, test } from 'vitest'
import { refused, testAccounts } from './test-accounts.ts'

test('refresh: gives new tokens for the same device', async () => {
  const { authenticator, clock, tokenRefresh, user } = await testAccounts()
  const alice = await user('alice', { refresh: true })
  await clock.advance(300_000)
  const expired = await refused(authenticator.authenticate(alice.accessToken), 'M_UNKNOWN_TOKEN')
  expect(expired['fields']).toEqual({ soft_logout: true })

  const renewed = await tokenRefresh.refresh(alice.refreshToken)

  expect(renewed.expiresInMs).toBe(300_000)
  expect(await authenticator.authenticate(renewed.accessToken)).toMatchObject({
    deviceId: 'PHONE',
    userId: alice.userId,
  })
})

test('refresh: can be repeated until a new access token is used', async () => {
  const { authenticator, tokenRefresh, user } = await testAccounts()
  const alice = await user('alice', { refresh: true })

  // given that the first answer got lost
  const lost = await tokenRefresh.refresh(alice.refreshToken)
  const kept = await tokenRefresh.refresh(alice.refreshToken)
  await refused(authenticator.authenticate(lost.accessToken), 'M_UNKNOWN_TOKEN')
  await refused(tokenRefresh.refresh(lost.refreshToken ?? ''), 'M_UNKNOWN_TOKEN')
  // when the second is used
  await authenticator.authenticate(kept.accessToken)
  // then the old token is good for nothing
  const error = await refused(tokenRefresh.refresh(alice.refreshToken), 'M_UNKNOWN_TOKEN')
  expect(error).toMatchObject({ status: 401, fields: { soft_logout: true } })
  await tokenRefresh.refresh(kept.refreshToken ?? '')
})

test('refresh: a token is used up once its successor has been refreshed', async () => {
  const { tokenRefresh, user } = await testAccounts()
  const alice = await user('alice', { refresh: true })
  const second = await tokenRefresh.refresh(alice.refreshToken)
  await tokenRefresh.refresh(second.refreshToken ?? '')
  await refused(tokenRefresh.refresh(alice.refreshToken), 'M_UNKNOWN_TOKEN')
})

test('refresh: of several at once, one pair of tokens stays good', async () => {
  const { authenticator, tokenRefresh, user } = await testAccounts()
  const alice = await user('alice', { refresh: true })
  const answers = await Promise.all([1, 2, 3].map(() => tokenRefresh.refresh(alice.refreshToken)))
  const outcomes = await Promise.allSettled(answers.map((answer) => authenticator.authenticate(answer.accessToken)))
  expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1)
})

test('refresh: tokens expire, and none outlives the login', async () => {
  const { clock, tokenRefresh, user } = await testAccounts({
    lifetimes: { refreshTokenMs: 100_000, sessionMs: 150_000 },
  })
  const alice = await user('alice', { refresh: true })
  await clock.advance(90_000)
  const second = await tokenRefresh.refresh(alice.refreshToken)
  expect(second.expiresInMs).toBe(60_000)
  await clock.advance(60_000)
  const error = await refused(tokenRefresh.refresh(second.refreshToken ?? ''), 'M_UNKNOWN_TOKEN')
  expect(error['fields']).toEqual({ soft_logout: true })
})

test('refresh: unknown tokens, locked accounts and servers without refresh are refused', async () => {
  const { accounts, tokenRefresh, user } = await testAccounts()
  const unknown = await refused(tokenRefresh.refresh('unknown'), 'M_UNKNOWN_TOKEN')
  expect(unknown['fields']).toEqual({})
  const alice = await user('alice', { refresh: true })
  await accounts.setFlags(alice.userNid, { isLocked: true })
  await refused(tokenRefresh.refresh(alice.refreshToken), 'M_USER_LOCKED')

  const off = await testAccounts({ lifetimes: { refreshableAccessTokenMs: null } })
  const bob = await off.user('bob', { refresh: true })
  expect(bob.login).toMatchObject({ refreshToken: undefined, expiresInMs: undefined })
  await refused(off.tokenRefresh.refresh('any'), 'M_UNRECOGNIZED')
})

test('refresh: a session that is refreshed for long leaves no tokens behind', async () => {
  const { authenticator, clock, database, tokenRefresh, user } = await testAccounts()
  let { accessToken, refreshToken }: { accessToken: string; refreshToken: string | undefined } = await user('alice', {
    refresh: true,
  })
  for (let i = 0; i < 60; i++) {
    ;({ accessToken, refreshToken } = await tokenRefresh.refresh(refreshToken ?? ''))
    await authenticator.authenticate(accessToken)
    await clock.advance(300_000)
  }
  const count = database.query({ scan: true })((q) => q.selectFrom('access_tokens').select('token_hash'))
  const refreshCount = database.query({ scan: true })((q) => q.selectFrom('refresh_tokens').select('token_hash'))
  expect((await database.scan(count, {})).length).toBeLessThan(16)
  expect(await database.scan(refreshCount, {})).toHaveLength(2)
})
