import { Preset, Visibility } from 'matrix-js-sdk'
import { expect, test } from 'vitest'
import { SERVER_NAME, startProcess, temporaryFolder, until } from '../harness/index.ts'
import { SdkUser } from './sdk-client.ts'

test('two people register, log in, meet in a room and chat', async () => {
  // given a server as an administrator runs it, and two people with an app
  const server = await startProcess(temporaryFolder())
  const alice = await SdkUser.register(server.baseUrl, 'alice')
  const bob = await SdkUser.register(server.baseUrl, 'bob')
  // when alice makes a room and bob joins it by its alias
  const { room_id: roomId } = await alice.client.createRoom({
    name: 'Kitchen',
    room_alias_name: 'kitchen',
    preset: Preset.PublicChat,
    visibility: Visibility.Public,
  })
  await bob.client.joinRoom(`#kitchen:${SERVER_NAME}`)
  await until('bob has the room', () => bob.client.getRoom(roomId)?.getMyMembership() === 'join')
  await until('alice sees bob', () => alice.room(roomId).getJoinedMemberCount() === 2)
  expect(bob.room(roomId).name).toBe('Kitchen')
  // and both write
  await alice.client.sendTextMessage(roomId, 'hello')
  await until('bob reads it', () => bob.texts(roomId).includes('hello'))
  await bob.client.sendTextMessage(roomId, 'hello yourself')
  const both = ['hello', 'hello yourself']
  await until('both have read both', () => [alice, bob].every((user) => user.texts(roomId).length === 2))
  // then both see the same, each message once
  for (const user of [alice, bob]) {
    expect(user.texts(roomId)).toEqual(both)
    expect(user.announced(roomId)).toHaveLength(2)
  }
  // and a message taken back is gone for both
  const last = alice.announced(roomId).at(-1)!
  await bob.client.redactEvent(roomId, last)
  await until('alice sees it go', () => alice.room(roomId).findEventById(last)?.isRedacted() === true)
  // and who is invited to another room sees the invite and its name
  const { room_id: privateRoom } = await alice.client.createRoom({ name: 'Office', invite: [bob.userId] })
  await until('bob is invited', () => bob.client.getRoom(privateRoom)?.getMyMembership() === 'invite')
  expect(bob.room(privateRoom).name).toBe('Office')
  await bob.client.joinRoom(privateRoom)
  await until('bob is in', () => bob.room(privateRoom).getMyMembership() === 'join')
  await bob.client.leave(privateRoom)
  await until('bob is out', () => bob.room(privateRoom).getMyMembership() === 'leave')
  await until('alice sees it', () => alice.room(privateRoom).getMember(bob.userId)?.membership === 'leave')
})
