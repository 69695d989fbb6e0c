import { describe, expect, test } from 'vitest'
import { bodies, eventIds, path, refused, staysOpen, testServer, until } from '../harness/index.ts'

describe('initial sync', () => {
  test('shows the rooms one is in, with state and timeline that together are whole', async () => {
    // given a room with more events than a timeline holds
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'Kitchen' })
    for (let n = 1; n <= 12; n += 1) await alice.send(room, `m${n}`)
    // when bob syncs for the first time
    const section = await bob.syncRoom(room)
    // then the newest ten are his timeline, everything before is in the state
    expect(bodies(section!.timeline.events)).toEqual(Array.from({ length: 10 }, (_, n) => `m${n + 3}`))
    expect(section!.timeline.limited).toBe(true)
    const state = section!.state.events.map(({ type, state_key }) => `${type}/${state_key}`)
    expect(state).toEqual(
      expect.arrayContaining([
        'm.room.create/',
        'm.room.name/',
        `m.room.member/${alice.userId}`,
        `m.room.member/${bob.userId}`,
      ]),
    )
    expect(section!.summary).toMatchObject({ 'm.joined_member_count': 2, 'm.invited_member_count': 0 })
  })

  test('state that is in the timeline is not told twice', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ name: 'Kitchen' })
    const section = await alice.syncRoom(room, { filter: { room: { timeline: { limit: 3 } } } })
    const [inState, inTimeline] = [eventIds(section!.state.events), eventIds(section!.timeline.events)]
    expect(inTimeline).toHaveLength(3)
    expect(inState.filter((id) => inTimeline.includes(id))).toEqual([])
    // and whoever applies one after the other has the room's state
    const whole = await alice.allState(room)
    expect(new Set([...inState, ...inTimeline])).toEqual(new Set(eventIds(whole)))
  })

  test('a room that shows from its creation on is not limited', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const section = await alice.syncRoom(room, { filter: { room: { timeline: { limit: 50 } } } })
    expect(section!.timeline.limited).toBe(false)
    expect(section!.timeline.events[0]!.type).toBe('m.room.create')
    expect(section!.state.events).toEqual([])
  })

  test('the heroes name a room without a name', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob], { invite: [carol] })
    expect((await alice.syncRoom(room))!.summary).toEqual({
      'm.heroes': [bob.userId, carol.userId],
      'm.joined_member_count': 2,
      'm.invited_member_count': 1,
    })
    await bob.leave(room)
    await alice.kick(room, carol)
    const gone = (await alice.syncRoom(room))!.summary!
    expect(new Set(gone['m.heroes'])).toEqual(new Set([bob.userId, carol.userId]))
  })

  test('default push rules are account data', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const { account_data: accountData } = await alice.sync()
    const rules = accountData?.events.find(({ type }) => type === 'm.push_rules')
    expect(rules?.content).toMatchObject({ global: { override: expect.any(Array), underride: expect.any(Array) } })
  })

  test('it takes a token', async () => {
    const { anybody } = await testServer()
    await refused(anybody.get('/sync'), 'M_MISSING_TOKEN', 401)
  })
})

describe('incremental sync', () => {
  test('tells what is new, once', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    await alice.send(room, 'one')
    await alice.setState(room, 'm.room.topic', { topic: 'Food' })
    const first = await bob.sync({ since })
    expect(first.rooms?.join?.[room]?.timeline).toMatchObject({
      events: [{ type: 'm.room.message' }, { type: 'm.room.topic' }],
      limited: false,
    })
    expect(first.rooms?.join?.[room]?.state.events).toEqual([])
    const second = await bob.sync({ since: first.next_batch })
    expect(second.rooms ?? {}).toEqual({})
  })

  test('the same token answers the same again', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    await alice.send(room, 'one')
    const first = await bob.syncRoom(room, { since })
    await alice.send(room, 'two')
    const again = await bob.syncRoom(room, { since })
    expect(bodies(first!.timeline.events)).toEqual(['one'])
    expect(bodies(again!.timeline.events)).toEqual(['one', 'two'])
  })

  test('a room joined since is shown with its state', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat', name: 'Kitchen' })
    for (let n = 1; n <= 12; n += 1) await alice.send(room, `m${n}`)
    const since = await bob.now()
    await bob.join(room)
    const section = await bob.syncRoom(room, { since })
    expect(section!.state.events.map(({ type }) => type)).toContain('m.room.create')
    expect(section!.timeline.events.at(-1)).toMatchObject({ type: 'm.room.member', state_key: bob.userId })
    expect(section!.summary).toMatchObject({ 'm.joined_member_count': 2 })
  })

  test('a room left is in leave, up to the leaving and no further', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    await alice.send(room, 'before')
    await bob.leave(room)
    await alice.send(room, 'after')
    const news = await bob.sync({ since })
    expect(news.rooms?.join ?? {}).not.toHaveProperty([room])
    const events = news.rooms?.leave?.[room]?.timeline.events
    expect(bodies(events!)).toEqual(['before'])
    expect(events!.at(-1)).toMatchObject({ state_key: bob.userId, content: { membership: 'leave' } })
    // and it is not told again
    expect((await bob.sync({ since: news.next_batch })).rooms ?? {}).toEqual({})
    expect((await bob.sync()).rooms ?? {}).toEqual({})
    expect((await bob.sync({ filter: { room: { include_leave: true } } })).rooms?.leave).toHaveProperty([room])
  })

  test('who is kicked or banned hears of it', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob, carol])
    const [bobSince, carolSince] = [await bob.now(), await carol.now()]
    await alice.kick(room, bob)
    await alice.ban(room, carol)
    const bobsLast = (await bob.sync({ since: bobSince })).rooms?.leave?.[room]?.timeline.events.at(-1)
    expect(bobsLast).toMatchObject({ sender: alice.userId, content: { membership: 'leave' } })
    const carolsLast = (await carol.sync({ since: carolSince })).rooms?.leave?.[room]?.timeline.events.at(-1)
    expect(carolsLast).toMatchObject({ sender: alice.userId, content: { membership: 'ban' } })
  })

  test('an invite comes with the stripped state that names the room', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const since = await bob.now()
    const room = await alice.createRoom({ name: 'Kitchen', invite: [bob] })
    const news = await bob.sync({ since })
    const state = news.rooms?.invite?.[room]?.invite_state.events
    expect(state).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'm.room.name', content: { name: 'Kitchen' } }),
        expect.objectContaining({ type: 'm.room.create' }),
        expect.objectContaining({ type: 'm.room.member', state_key: bob.userId, sender: alice.userId }),
      ]),
    )
    expect((await bob.sync({ since: news.next_batch })).rooms ?? {}).toEqual({})
    expect((await bob.sync()).rooms?.invite).toHaveProperty([room])
    // turned down, it is gone
    await bob.leave(room)
    expect((await bob.sync({ since: news.next_batch })).rooms?.leave).toHaveProperty([room])
    expect((await bob.sync()).rooms?.invite ?? {}).toEqual({})
  })

  test('full_state tells all state, whatever is known', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ name: 'Kitchen' })
    const since = await alice.now()
    const section = await alice.syncRoom(room, { since, fullState: true })
    expect(section!.timeline.events).toEqual([])
    expect(new Set(eventIds(section!.state.events))).toEqual(new Set(eventIds(await alice.allState(room))))
  })

  test('account data, global and of a room, is told when it changes', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const since = await alice.now()
    await alice.put(path`/user/${alice.userId}/account_data/org.example.colour`, { colour: 'blue' })
    await alice.put(path`/user/${alice.userId}/rooms/${room}/account_data/org.example.seat`, { seat: 2 })
    const news = await alice.sync({ since })
    expect(news.account_data?.events).toEqual([{ type: 'org.example.colour', content: { colour: 'blue' } }])
    expect(news.rooms?.join?.[room]?.account_data.events).toEqual([{ type: 'org.example.seat', content: { seat: 2 } }])
    const later = await alice.sync({ since: news.next_batch })
    expect(later.account_data?.events ?? []).toEqual([])
  })

  test('unsigned is complete: age, one’s own transaction, one’s membership then, what state it replaces', async () => {
    const { alice, bob, clock } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'before' })
    const since = await alice.now()
    await alice.send(room, 'hello', { txnId: 'mine' })
    await alice.setState(room, 'm.room.name', { name: 'after' })
    await clock.advance(1_000)
    const mine = (await alice.syncRoom(room, { since }))!.timeline.events
    expect(mine[0]!.unsigned).toEqual({ age: 1_000, transaction_id: 'mine', membership: 'join' })
    expect(mine[1]!.unsigned).toMatchObject({
      age: 1_000,
      membership: 'join',
      prev_content: { name: 'before' },
      replaces_state: expect.stringMatching(/^\$/),
    })
    const his = (await bob.syncRoom(room, { since }))!.timeline.events
    expect(his[0]!.unsigned).toEqual({ age: 1_000, membership: 'join' })
  })

  test('a token that no server gave is refused, a wrong filter too', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    await refused(alice.sync({ since: 'nonsense' }), 'M_INVALID_PARAM', 400)
    await refused(alice.sync({ filter: '999' }), 'M_INVALID_PARAM', 400)
    await refused(alice.sync({ filter: '{not json' }), 'M_NOT_JSON', 400)
    await refused(alice.get('/sync', { timeout: 'soon' }), 'M_INVALID_PARAM', 400)
    await refused(alice.get('/sync', { set_presence: 'lurking' }), 'M_INVALID_PARAM', 400)
  })
})

describe('long-polling', () => {
  test('answers at once when something comes', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    const waiting = bob.syncRoom(room, { since, timeoutMs: 30_000 })
    expect(await staysOpen(waiting)).toBe(true)
    await alice.send(room, 'wake up')
    expect(bodies((await waiting)!.timeline.events)).toEqual(['wake up'])
  })

  test('answers at once to an invite, a join of one’s own, account data', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const open = await alice.createRoom({ preset: 'public_chat' })
    let since = await bob.now()
    let waiting = bob.sync({ since, timeoutMs: 30_000 })
    expect(await staysOpen(waiting)).toBe(true)
    const room = await alice.createRoom({ invite: [bob] })
    expect((await waiting).rooms?.invite).toHaveProperty([room])
    since = (await waiting).next_batch
    waiting = bob.sync({ since, timeoutMs: 30_000 })
    expect(await staysOpen(waiting)).toBe(true)
    await bob.join(open)
    expect((await waiting).rooms?.join).toHaveProperty([open])
    since = (await waiting).next_batch
    waiting = bob.sync({ since, timeoutMs: 30_000 })
    expect(await staysOpen(waiting)).toBe(true)
    await bob.put(path`/user/${bob.userId}/account_data/org.example.note`, { note: 1 })
    expect((await waiting).account_data?.events).toHaveLength(1)
  })

  test('answers with nothing when time is up, and the token goes on', async () => {
    const { alice, bob, clock } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    const waiting = bob.sync({ since, timeoutMs: 30_000 })
    expect(await staysOpen(waiting)).toBe(true)
    await clock.advance(29_999)
    expect(await staysOpen(waiting)).toBe(true)
    await clock.advance(1)
    const empty = await waiting
    expect(empty.rooms ?? {}).toEqual({})
    await alice.send(room, 'late')
    expect(bodies((await bob.syncRoom(room, { since: empty.next_batch }))!.timeline.events)).toEqual(['late'])
  })

  test('what concerns others does not wake it', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom()
    const since = await bob.now()
    const hangUp = new AbortController()
    const waiting = bob.sync({ since, timeoutMs: 30_000, signal: hangUp.signal })
    await alice.send(room, 'private')
    expect(await staysOpen(waiting)).toBe(true)
    hangUp.abort()
    await expect(waiting).rejects.toThrow()
  })

  test('a client that goes away leaves nothing behind', async () => {
    const { alice, server, clock } = await testServer({ users: ['alice'], overHttp: true })
    await alice.createRoom()
    const since = await alice.now()
    const timers = clock.pendingTimers
    const hangUp = new AbortController()
    const waiting = alice.sync({ since, timeoutMs: 30_000, signal: hangUp.signal })
    await until('the request is under way', () => clock.pendingTimers > timers)
    hangUp.abort()
    await expect(waiting).rejects.toThrow()
    await until('the request is over', () => server.http.requestsUnderWay === 0)
    expect(clock.pendingTimers).toBe(timers)
  })
})
