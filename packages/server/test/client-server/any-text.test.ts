import { expect, test } from 'vitest'
import { eventIds, path, Refusal, testServer } from '../harness/index.ts'

// Matrix lets strings hold every character, U+0000 among them, which not every database can store as it is.

const ODD = 'a\u0000b\u0001\u0002c\\"\'{},%_\u{1F600}'

test('events, their types and state keys hold every character', async () => {
  const { alice } = await testServer({ users: ['alice'] })
  const room = await alice.createRoom({ roomVersion: '11' })
  const stateId = await alice.setState(room, `org.example.${ODD}`, { value: ODD }, ODD)
  const { event_id: messageId } = await alice.send(
    room,
    { body: ODD },
    { type: `org.example.${ODD}`, txnId: 'txn\u0000' },
  )
  expect(await alice.state(room, `org.example.${ODD}`, ODD)).toEqual({ value: ODD })
  expect(await alice.event(room, stateId)).toMatchObject({ type: `org.example.${ODD}`, state_key: ODD })
  expect(await alice.event(room, messageId)).toMatchObject({ type: `org.example.${ODD}`, content: { body: ODD } })
  expect(eventIds(await alice.timeline(room))).toContain(messageId)
  // and the transaction is known again
  const again = await alice.send(room, { body: ODD }, { type: `org.example.${ODD}`, txnId: 'txn\u0000' })
  expect(again.event_id).toBe(messageId)
  // and is another one than that which lacks the character
  const other = await alice.send(room, { body: ODD }, { type: `org.example.${ODD}`, txnId: 'txn' })
  expect(other.event_id).not.toBe(messageId)
})

test('profiles, account data, filters and devices hold every character', async () => {
  const { alice, anybody } = await testServer({ users: ['alice'] })
  await alice.put(path`/profile/${alice.userId}/displayname`, { displayname: ODD })
  expect(await alice.get(path`/profile/${alice.userId}`)).toMatchObject({ displayname: ODD })
  await alice.put(path`/user/${alice.userId}/account_data/${ODD}`, { value: ODD })
  expect(await alice.get(path`/user/${alice.userId}/account_data/${ODD}`)).toEqual({ value: ODD })
  const filter = { room: { timeline: { types: [ODD] } } }
  const { filter_id: filterId } = await alice.post<{ filter_id: string }>(path`/user/${alice.userId}/filter`, filter)
  expect(await alice.get(path`/user/${alice.userId}/filter/${filterId}`)).toEqual(filter)
  const login = await anybody.post<{ device_id: string }>('/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: "alice's secret",
    device_id: ODD,
    initial_device_display_name: ODD,
  })
  expect(login.device_id).toBe(ODD)
  expect(await alice.get(path`/devices/${ODD}`)).toMatchObject({ device_id: ODD, display_name: ODD })
})

test('a name that is too long for the database is refused, never an error of the server', async () => {
  const { alice } = await testServer({ users: ['alice'] })
  const room = await alice.createRoom()
  // Letters without a pattern, so that nothing makes them shorter.
  const long = Array.from({ length: 2_000 }, (_, n) => String.fromCodePoint(0x4e00 + ((n * n * 7919) % 20_000))).join(
    '',
  )
  for (const attempt of [
    () => alice.send(room, 'x', { txnId: long }),
    () => alice.put(path`/user/${alice.userId}/account_data/${long}`, {}),
  ]) {
    const status = await attempt().then(
      () => 200,
      (error: unknown) => (error instanceof Refusal ? error.status : 0),
    )
    expect([200, 400, 413, 414]).toContain(status)
  }
  expect(await alice.send(room, 'still at work')).toMatchObject({ event_id: expect.any(String) })
})
