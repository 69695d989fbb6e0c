import { MatrixError, parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { readRoomCreation } from './read-room-creation.ts'

const config = { server_name: 'example.org:8448', default_room_version: '12' }
const alice = { userId: parseUserId('@alice:example.org:8448') }

function read(body: Parameters<typeof readRoomCreation>[0]) {
  return readRoomCreation(body, alice, config)
}

function errcodeOf(body: Parameters<typeof readRoomCreation>[0]): string | undefined {
  try {
    read(body)
    return undefined
  } catch (error) {
    return error instanceof MatrixError ? error.errcode : 'none'
  }
}

test('an empty request makes a private room of the default version', () => {
  expect(read({})).toMatchObject({
    creator: alice.userId,
    version: { id: '12' },
    preset: 'private_chat',
    isPublished: false,
    alias: undefined,
    invites: [],
    initialState: [],
    isDirect: false,
  })
})

test('the visibility chooses the preset unless one is given', () => {
  expect(read({ visibility: 'public' })).toMatchObject({ preset: 'public_chat', isPublished: true })
  expect(read({ visibility: 'private' })).toMatchObject({ preset: 'private_chat', isPublished: false })
  expect(read({ visibility: 'public', preset: 'trusted_private_chat' })).toMatchObject({
    preset: 'trusted_private_chat',
    isPublished: true,
  })
})

test('the alias is of this server, port included', () => {
  expect(read({ room_alias_name: 'pub' }).alias).toBe('#pub:example.org:8448')
  for (const name of ['', 'a:b', 'a b', 'a\0']) {
    expect(errcodeOf({ room_alias_name: name }), name).toBe('M_INVALID_PARAM')
  }
})

test('a state key is empty unless given', () => {
  expect(read({ initial_state: [{ type: 'm.room.name', content: { name: 'n' } }] }).initialState).toEqual([
    { type: 'm.room.name', stateKey: '', content: { name: 'n' } },
  ])
})

test('invitees are named once, and the creator is none of them', () => {
  expect(read({ invite: ['@bob:x', '@carol:x', '@bob:x'] }).invites).toEqual(['@bob:x', '@carol:x'])
  expect(errcodeOf({ invite: [alice.userId] })).toBe('M_FORBIDDEN')
  expect(errcodeOf({ invite: ['bob'] })).toBe('M_INVALID_PARAM')
})

test('what the server cannot do is refused with the code for it', () => {
  expect(errcodeOf({ room_version: 'no such' })).toBe('M_UNSUPPORTED_ROOM_VERSION')
  expect(errcodeOf({ invite_3pid: [{ medium: 'email' }] })).toBe('M_THREEPID_DENIED')
  expect(errcodeOf({ invite_3pid: [] })).toBeUndefined()
})

test('the creator is not for the client to name', () => {
  expect(read({ creation_content: { creator: '@eve:x', 'm.federate': false } }).creationContent).toEqual({
    'm.federate': false,
  })
})
