import { describe, expect, test } from 'vitest'
import { bodies, Client, type Content, path, refused, testServer } from '../harness/index.ts'

// profile, account-data, filter, pushrules, capabilities, versions and administrative_contact.

describe('getUserProfile, getProfileField, setProfileField, deleteProfileField', () => {
  test('a profile begins with the localpart as name, and is public', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    expect(await anybody.get(path`/profile/${alice.userId}`)).toEqual({ displayname: 'alice' })
    await alice.put(path`/profile/${alice.userId}/avatar_url`, { avatar_url: 'mxc://example.org/cat' })
    expect(await anybody.get(path`/profile/${alice.userId}/avatar_url`)).toEqual({
      avatar_url: 'mxc://example.org/cat',
    })
    await alice.put(path`/profile/${alice.userId}/org.example.motto`, { 'org.example.motto': ['carpe', 'diem'] })
    expect(await anybody.get(path`/profile/${alice.userId}/org.example.motto`)).toEqual({
      'org.example.motto': ['carpe', 'diem'],
    })
    await alice.delete(path`/profile/${alice.userId}/org.example.motto`)
    await refused(anybody.get(path`/profile/${alice.userId}/org.example.motto`), 'M_NOT_FOUND', 404)
  })

  test('a new name shows in the rooms one is in', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    await alice.put(path`/profile/${alice.userId}/displayname`, { displayname: 'Alice L.' })
    expect((await bob.syncRoom(room, { since }))!.timeline.events).toMatchObject([
      {
        type: 'm.room.member',
        state_key: alice.userId,
        content: { membership: 'join', displayname: 'Alice L.' },
        unsigned: { prev_content: { displayname: 'alice' } },
      },
    ])
  })

  test('only one’s own, only what is right, and nobody’s who is not here', async () => {
    const { alice, bob, anybody } = await testServer({ users: ['alice', 'bob'] })
    await refused(bob.put(path`/profile/${alice.userId}/displayname`, { displayname: 'x' }), 'M_FORBIDDEN', 403)
    await refused(bob.delete(path`/profile/${alice.userId}/displayname`), 'M_FORBIDDEN', 403)
    await refused(alice.put(path`/profile/${alice.userId}/displayname`, {}), 'M_MISSING_PARAM', 400)
    await refused(alice.put(path`/profile/${alice.userId}/displayname`, { displayname: 7 }), 'M_INVALID_PARAM', 400)
    await refused(
      alice.put(path`/profile/${alice.userId}/org.example.x`, { 'org.example.x': 'x'.repeat(70_000) }),
      'M_PROFILE_TOO_LARGE',
      400,
    )
    await refused(anybody.get(path`/profile/${'@nobody:example.org'}`), 'M_NOT_FOUND', 404)
    await refused(anybody.get(path`/profile/${'nobody'}`), 'M_INVALID_PARAM', 400)
  })
})

describe('setAccountData, getAccountData, setAccountDataPerRoom, getAccountDataPerRoom', () => {
  test('what is kept is given back, key order and all, across a restart', async () => {
    const first = await testServer({ users: ['alice'] })
    const { alice } = first
    const room = await alice.createRoom()
    const content = { z: 1, a: [1.5, -0, 'é', { __proto__x: null }], big: 12_345_678_901_234 }
    const global = path`/user/${alice.userId}/account_data/org.example.x`
    const ofRoom = path`/user/${alice.userId}/rooms/${room}/account_data/org.example.x`
    await alice.put(global, content)
    await alice.put(ofRoom, { other: true })
    await first.stop()
    const again = alice.through((await testServer({ folder: first.folder })).transport)
    expect(JSON.stringify(await again.get(global))).toBe(JSON.stringify(content))
    expect(await again.get(ofRoom)).toEqual({ other: true })
  })

  test('only one’s own, not what the server sets, not what is not there', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom()
    await refused(bob.put(path`/user/${alice.userId}/account_data/org.example.x`), 'M_FORBIDDEN', 403)
    await refused(bob.get(path`/user/${alice.userId}/account_data/org.example.x`), 'M_FORBIDDEN', 403)
    await refused(alice.put(path`/user/${alice.userId}/account_data/m.push_rules`), 'M_BAD_JSON', 405)
    await refused(alice.put(path`/user/${alice.userId}/rooms/${room}/account_data/m.fully_read`), 'M_BAD_JSON', 405)
    await refused(alice.get(path`/user/${alice.userId}/account_data/org.example.none`), 'M_NOT_FOUND', 404)
    await refused(
      alice.get(path`/user/${alice.userId}/rooms/${room}/account_data/org.example.none`),
      'M_NOT_FOUND',
      404,
    )
    await refused(bob.put(path`/user/${alice.userId}/rooms/${room}/account_data/x`), 'M_FORBIDDEN', 403)
  })
})

describe('defineFilter, getFilter', () => {
  test('a filter is kept, used by /sync under its ID, and the same one has the same ID', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await alice.send(room, 'hello')
    const filter = { room: { timeline: { types: ['m.room.message'], limit: 5 }, state: { types: [] } } }
    const define = () => alice.post<{ filter_id: string }>(path`/user/${alice.userId}/filter`, filter)
    const { filter_id: filterId } = await define()
    expect(await define()).toEqual({ filter_id: filterId })
    expect(await alice.get(path`/user/${alice.userId}/filter/${filterId}`)).toEqual(filter)
    const section = await alice.syncRoom(room, { filter: filterId })
    expect(section!.timeline.events.map(({ type }) => type)).toEqual(['m.room.message'])
    expect(section!.state.events).toEqual([])
  })

  test('what filters can say', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const [one, two] = [await alice.createRoomWith([bob]), await alice.createRoomWith([bob])]
    await alice.send(one, 'from alice')
    await bob.send(one, 'from bob')
    await alice.send(one, { msgtype: 'm.image', body: 'a picture', url: 'mxc://example.org/cat' })
    const texts = async (timeline: Content) =>
      bodies((await bob.syncRoom(one, { filter: { room: { timeline } } }))!.timeline.events)
    expect(await texts({ senders: [alice.userId] })).toEqual(['from alice', 'a picture'])
    expect(await texts({ not_senders: [alice.userId] })).toEqual(['from bob'])
    expect(await texts({ not_types: ['m.room.*'] })).toEqual([])
    expect(await texts({ contains_url: true })).toEqual(['a picture'])
    expect(await texts({ contains_url: false, types: ['m.room.message'] })).toEqual(['from alice', 'from bob'])
    const rooms = (await bob.sync({ filter: { room: { not_rooms: [two] } } })).rooms?.join
    expect(Object.keys(rooms!)).toEqual([one])
    expect(Object.keys((await bob.sync({ filter: { room: { rooms: [two] } } })).rooms!.join!)).toEqual([two])
    const pages = await bob.messages(one, {
      limit: 100,
      filter: JSON.stringify({ senders: [bob.userId], types: ['m.room.message'] }),
    })
    expect(bodies(pages.chunk)).toEqual(['from bob'])
  })

  test('only one’s own, only filters', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    await refused(bob.post(path`/user/${alice.userId}/filter`, {}), 'M_FORBIDDEN', 403)
    await refused(alice.post(path`/user/${alice.userId}/filter`, { room: 'all' }), 'M_BAD_JSON', 400)
    await refused(alice.get(path`/user/${alice.userId}/filter/${'77'}`), 'M_NOT_FOUND', 404)
    await refused(bob.get(path`/user/${alice.userId}/filter/${'1'}`), 'M_FORBIDDEN', 403)
  })
})

describe('push rules', () => {
  test('getPushRules, getPushRulesGlobal, getPushRule, isPushRuleEnabled, getPushRuleActions', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const { global } = await alice.get<{ global: Record<string, { rule_id: string }[]> }>('/pushrules/')
    expect(Object.keys(global).sort()).toEqual(['content', 'override', 'room', 'sender', 'underride'])
    expect(await alice.get('/pushrules')).toEqual({ global })
    expect(await alice.get('/pushrules/global/')).toEqual(global)
    const [first] = global['override']!
    expect(first!.rule_id).toBe('.m.rule.master')
    const master = path`/pushrules/global/override/${'.m.rule.master'}`
    expect(await alice.get(master)).toEqual(first)
    expect(await alice.get(`${master}/enabled`)).toEqual({ enabled: false })
    expect(await alice.get(`${master}/actions`)).toEqual({ actions: [] })
  })

  test('what is not there', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    await refused(alice.get('/pushrules/global/override/none'), 'M_NOT_FOUND', 404)
    await refused(alice.get('/pushrules/global/override/none/enabled'), 'M_NOT_FOUND', 404)
    await refused(alice.get('/pushrules/global/override/none/actions'), 'M_NOT_FOUND', 404)
    await refused(alice.get('/pushrules/global/none/none'), 'M_INVALID_PARAM', 400)
    await refused(anybody.get('/pushrules/'), 'M_MISSING_TOKEN', 401)
    await refused(anybody.get('/pushrules/global/'), 'M_MISSING_TOKEN', 401)
  })
})

describe('what the server says of itself', () => {
  test('getVersions', async () => {
    const { anybody } = await testServer()
    const { versions } = await anybody.get<{ versions: string[] }>('/_matrix/client/versions')
    expect(versions).toEqual(expect.arrayContaining(['v1.1', 'v1.19', 'r0.6.1']))
    const wrong = new Client(anybody.transport, 'nonsense')
    await refused(wrong.get('/_matrix/client/versions'), 'M_UNKNOWN_TOKEN', 401)
  })

  test('getCapabilities', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    expect(await alice.get('/capabilities')).toMatchObject({
      capabilities: {
        'm.room_versions': { default: '12', available: expect.objectContaining({ 11: 'stable', 12: 'stable' }) },
        'm.set_displayname': { enabled: true },
      },
    })
    await refused(anybody.get('/capabilities'), 'M_MISSING_TOKEN', 401)
  })

  test('getAccount3PIDs', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    expect(await alice.get('/account/3pid')).toEqual({ threepids: [] })
    await refused(anybody.get('/account/3pid'), 'M_MISSING_TOKEN', 401)
  })
})
