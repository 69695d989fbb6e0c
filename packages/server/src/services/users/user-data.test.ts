import { isRoomId, type RoomId, parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { changeKind } from '../../storage/change-kind.ts'
import { refused, testAccounts } from '../auth/test-accounts.ts'

test('Profiles: names and avatars are set, removed, logged and handed to member events', async () => {
  const { changes, memberProfiles, profiles, user } = await testAccounts()
  const { requester, userId } = await user('alice')

  await profiles.setField(requester, { userId, name: 'displayname', value: 'Alice' })
  await profiles.setField(requester, { userId, name: 'avatar_url', value: 'mxc://example.org/a' })
  expect(await profiles.get(userId, undefined)).toEqual({ displayname: 'Alice', avatar_url: 'mxc://example.org/a' })
  expect(changes.at(-1)).toMatchObject({ kind: changeKind.profile, userNid: requester.userNid })
  await profiles.setField(requester, { userId, name: 'displayname', value: '' })

  expect(await profiles.get(userId, undefined)).toEqual({ avatar_url: 'mxc://example.org/a' })
  await refused(profiles.getField(userId, 'displayname', undefined), 'M_NOT_FOUND')
  expect(memberProfiles.map(([, profile]) => profile)).toEqual([
    { displayname: 'Alice', avatarUrl: undefined },
    { displayname: 'Alice', avatarUrl: 'mxc://example.org/a' },
    { displayname: undefined, avatarUrl: 'mxc://example.org/a' },
  ])
})

test('Profiles: custom fields hold any JSON, also when set at once, and do not touch member events', async () => {
  const { memberProfiles, profiles, user } = await testAccounts()
  const { requester, userId } = await user('alice')
  const set = (name: string, value: null | string | { a: number[] }) =>
    profiles.setField(requester, { userId, name, value })

  await Promise.all([set('m.tz', 'Europe/Berlin'), set('org.example.a', { a: [1] }), set('org.example.b', null)])
  await profiles.setField(requester, { userId, name: 'org.example.none', value: undefined })

  expect(await profiles.get(userId, requester)).toEqual({
    displayname: 'alice',
    'm.tz': 'Europe/Berlin',
    'org.example.a': { a: [1] },
    'org.example.b': null,
  })
  await profiles.setField(requester, { userId, name: 'org.example.a', value: undefined })
  await refused(profiles.getField(userId, 'org.example.a', requester), 'M_NOT_FOUND')
  await refused(profiles.getField(userId, 'constructor', requester), 'M_NOT_FOUND')
  expect(memberProfiles).toEqual([])
})

test('Profiles: limits hold, and one beyond is refused', async () => {
  const { profiles, user } = await testAccounts()
  const { requester, userId } = await user('alice')
  const set = (name: string, value: string | number) => profiles.setField(requester, { userId, name, value })
  await set('displayname', 'x'.repeat(256))
  await refused(set('displayname', 'x'.repeat(257)), 'M_INVALID_PARAM')
  await refused(set('displayname', 1), 'M_INVALID_PARAM')
  await refused(set('m.tz', 1), 'M_INVALID_PARAM')
  await set(`a.${'b'.repeat(253)}`, 'x')
  await refused(set(`a.${'b'.repeat(254)}`, 'x'), 'M_KEY_TOO_LARGE')
  for (const name of ['unnamespaced', 'A.b', 'a..b', '__proto__', '']) await refused(set(name, 'x'), 'M_INVALID_PARAM')
  await set('a.big', 'x'.repeat(60_000))
  await refused(set('a.more', 'x'.repeat(6_000)), 'M_PROFILE_TOO_LARGE')
})

test('Profiles: only the owner or an administrator may change one, and only what the server lets them', async () => {
  const { profiles, user } = await testAccounts({ allowsDisplaynameChange: false })
  const alice = await user('alice')
  const bob = await user('bob', { isAdmin: true })
  const guest = await user('guest', { isGuest: true })
  const change = { userId: alice.userId, name: 'displayname', value: 'x' }
  await refused(profiles.setField(guest.requester, change), 'M_FORBIDDEN')
  await refused(profiles.setField(alice.requester, change), 'M_FORBIDDEN')
  await profiles.setField(bob.requester, change)
  const own = { userId: guest.userId, name: 'avatar_url', value: 'mxc://a/b' }
  await refused(profiles.setField(guest.requester, own), 'M_GUEST_ACCESS_FORBIDDEN')
  await refused(
    profiles.setField({ ...alice.requester, isSuspended: true }, { ...change, name: 'm.tz' }),
    'M_USER_SUSPENDED',
  )
})

test('Profiles: unknown and remote users have none; reading may need a token', async () => {
  const { profiles, user } = await testAccounts({ requiresAuthentication: true })
  const { requester, userId } = await user('alice')
  await refused(profiles.get(parseUserId('@nobody:example.org'), requester), 'M_NOT_FOUND')
  await refused(profiles.get(parseUserId('@alice:example.com'), requester), 'M_NOT_FOUND')
  await refused(profiles.get(userId, undefined), 'M_MISSING_TOKEN')
})

test('AccountData: is set and replaced, globally, by its owner alone', async () => {
  const { accountData, changes, user } = await testAccounts()
  const alice = await user('alice')
  const bob = await user('bob')
  const key = { userId: alice.userId, roomId: undefined, type: 'org.example' }

  await refused(accountData.get(alice.requester, key), 'M_NOT_FOUND')
  await accountData.set(alice.requester, key, { value: 'first' })
  await accountData.set(alice.requester, key, { value: 'second' })

  expect(await accountData.get(alice.requester, key)).toEqual({ value: 'second' })
  expect(changes.slice(-2)).toMatchObject([{ kind: changeKind.accountData }, { kind: changeKind.accountData }])
  await refused(accountData.get(bob.requester, key), 'M_FORBIDDEN')
  await refused(accountData.set(bob.requester, key, {}), 'M_FORBIDDEN')
})

test('AccountData: what the server sets is read, but not written', async () => {
  const { accountData, user } = await testAccounts()
  const { requester, userId } = await user('alice')
  const key = { userId, roomId: undefined, type: 'm.push_rules' }
  expect(await accountData.get(requester, key)).toHaveProperty('global.override')
  for (const type of ['m.push_rules', 'm.fully_read']) {
    expect(await refused(accountData.set(requester, { ...key, type }, {}), 'M_BAD_JSON')).toMatchObject({ status: 405 })
  }
  await refused(
    accountData.set(requester, { ...key, roomId: roomId('!unknown:example.org'), type: 'a' }, {}),
    'M_NOT_FOUND',
  )
})

test('Filters: the same filter has the same ID, each user their own', async () => {
  const { filters, user } = await testAccounts()
  const { requester: alice, userId } = await user('alice')
  const { requester: bob } = await user('bob')
  const filter = { room: { timeline: { limit: 10, types: ['m.room.message'] } } }

  const [first, same] = await Promise.all([
    filters.define(alice, userId, filter),
    filters.define(alice, userId, filter),
  ])
  const other = await filters.define(alice, userId, {})

  expect([first, same, other]).toEqual(['0', '0', '1'])
  expect(await filters.get(alice, userId, '0')).toEqual(filter)
  for (const unknown of ['2', '-1', 'x', '1e1', '99999999999999999999']) {
    await refused(filters.get(alice, userId, unknown), 'M_NOT_FOUND')
  }
  await refused(filters.get(bob, userId, '0'), 'M_FORBIDDEN')
  await refused(filters.define(bob, userId, {}), 'M_FORBIDDEN')
  await refused(filters.define(alice, userId, { room: 1 }), 'M_BAD_JSON')
})

function roomId(text: string): RoomId {
  if (!isRoomId(text)) throw new Error('not a room ID')
  return text
}
