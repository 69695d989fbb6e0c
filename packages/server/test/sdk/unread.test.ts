import { MsgType, NotificationCountType, Preset, PushRuleActionName, PushRuleKind, ReceiptType } from 'matrix-js-sdk'
import { expect, test } from 'vitest'
import { startProcess, temporaryFolder, until } from '../harness/index.ts'
import { SdkUser } from './sdk-client.ts'

test('an app shows what is unread, marks it as read, and silences a room', async () => {
  const server = await startProcess(temporaryFolder())
  const alice = await SdkUser.register(server.baseUrl, 'alice')
  const bob = await SdkUser.register(server.baseUrl, 'bob')
  const { room_id: roomId } = await alice.client.createRoom({ preset: Preset.PublicChat })
  await bob.client.joinRoom(roomId)
  await until('bob is in', () => bob.client.getRoom(roomId)?.getMyMembership() === 'join')
  const unread = () =>
    [NotificationCountType.Total, NotificationCountType.Highlight].map((type) =>
      bob.room(roomId).getUnreadNotificationCount(type),
    )
  // when alice writes, and mentions bob
  await alice.client.sendTextMessage(roomId, 'hello')
  const { event_id: mention } = await alice.client.sendMessage(roomId, {
    msgtype: MsgType.Text,
    body: 'you there?',
    'm.mentions': { user_ids: [bob.userId] },
  })
  await until('bob sees that it is two, one of them for him', () => unread().join() === '2,1')
  // and bob reads it
  const event = bob.room(roomId).findEventById(mention)!
  await bob.client.sendReadReceipt(event, ReceiptType.Read, true)
  await until('nothing is unread', () => unread().join() === '0,0')
  await until('alice sees how far he has read', () => alice.room(roomId).getEventReadUpTo(bob.userId) === mention)
  // and when bob silences the room
  await bob.client.addPushRule('global', PushRuleKind.RoomSpecific, roomId, {
    actions: [PushRuleActionName.DontNotify],
  })
  await until('the app knows the rule', () => bob.client.getRoomPushRule('global', roomId) !== undefined)
  await alice.client.sendTextMessage(roomId, 'more')
  await until('he gets the message', () => bob.texts(roomId).includes('more'))
  expect(unread()).toEqual([0, 0])
})
