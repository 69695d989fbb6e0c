import { expect, test } from 'vitest'
import { changeKind } from '../../storage/change-kind.ts'
import { refused, testAccounts } from './test-accounts.ts'

test('open: a login on a new device gives a token for it, and tells of the device', async () => {
  const { authenticator, changes, sessions, user } = await testAccounts()
  const alice = await user('alice')
  const before = changes.length

  const login = await sessions.open(alice, {
    deviceId: undefined,
    initialDeviceDisplayName: 'laptop',
    supportsRefresh: false,
  })

  expect(login).toMatchObject({ userId: '@alice:example.org', expiresInMs: undefined, refreshToken: undefined })
  expect(login.deviceId).toMatch(/^[A-Z]{10}$/)
  expect(login.accessToken).toMatch(/^mgk_[A-Za-z0-9_-]{43}_[0-9a-f]{8}$/)
  expect(await authenticator.authenticate(login.accessToken)).toMatchObject({ deviceId: login.deviceId })
  expect(changes.slice(before)).toMatchObject([{ kind: changeKind.device, userNid: alice.userNid }])
})

test('open: a login on a known device ends its earlier tokens, keeps its name and tells of no new device', async () => {
  const { authenticator, changes, devices, sessions, user } = await testAccounts()
  const alice = await user('alice')
  const before = changes.length

  const login = await sessions.open(alice, {
    deviceId: 'PHONE',
    initialDeviceDisplayName: 'other name',
    supportsRefresh: false,
  })

  await refused(authenticator.authenticate(alice.accessToken), 'M_UNKNOWN_TOKEN')
  expect((await authenticator.authenticate(login.accessToken)).deviceId).toBe('PHONE')
  expect(await devices.list(alice.userNid)).toMatchObject([{ deviceId: 'PHONE', displayName: 'phone' }])
  expect(changes.slice(before)).toMatchObject([{ kind: changeKind.account, userNid: alice.userNid }])
})

test('close: the token is dead at once, the device gone, other devices stay', async () => {
  const { authenticator, devices, sessions, user } = await testAccounts()
  const alice = await user('alice')
  const other = await sessions.open(alice, {
    deviceId: 'TV',
    initialDeviceDisplayName: undefined,
    supportsRefresh: true,
  })
  const requester = await authenticator.authenticate(other.accessToken)

  await sessions.close(requester)

  const error = await refused(authenticator.authenticate(other.accessToken), 'M_UNKNOWN_TOKEN')
  expect(error['fields']).toEqual({})
  await authenticator.authenticate(alice.accessToken)
  expect((await devices.list(alice.userNid)).map((device) => device.deviceId)).toEqual(['PHONE'])
})

test('closeAll: every token of the user is dead, and nobody else’s', async () => {
  const { authenticator, devices, sessions, tokenRefresh, user } = await testAccounts()
  const alice = await user('alice', { refresh: true })
  const bob = await user('bob')
  const other = await sessions.open(alice, {
    deviceId: 'TV',
    initialDeviceDisplayName: undefined,
    supportsRefresh: false,
  })

  await sessions.closeAll(alice.userNid)

  await refused(authenticator.authenticate(alice.accessToken), 'M_UNKNOWN_TOKEN')
  await refused(authenticator.authenticate(other.accessToken), 'M_UNKNOWN_TOKEN')
  await refused(tokenRefresh.refresh(alice.refreshToken), 'M_UNKNOWN_TOKEN')
  expect(await devices.list(alice.userNid)).toEqual([])
  await authenticator.authenticate(bob.accessToken)
})

test('rename: a device gets another name; an unknown one is refused', async () => {
  const { devices, user } = await testAccounts()
  const alice = await user('alice')
  await devices.rename(alice.userNid, 'PHONE', 'new phone')
  expect(await devices.get(alice.userNid, 'PHONE')).toMatchObject({ displayName: 'new phone' })
  await refused(devices.rename(alice.userNid, 'TV', 'x'), 'M_NOT_FOUND')
  await refused(devices.rename(alice.userNid, 'PHONE', 'x'.repeat(101)), 'M_INVALID_PARAM')
})
