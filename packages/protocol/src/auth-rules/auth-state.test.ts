import { expect, test } from 'vitest'
import { alice, bob, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { authStateOf } from './auth-state.ts'
import { checkAuthRules } from './check-auth-rules.ts'

test('the state that auth events make up suffices to authorise', () => {
  // given bob's message and the events it claims
  const room = TestRoom.public(roomVersion('11'))
  const join = room.member(bob, 'join')
  const claimed = [room.stateEvent('m.room.create', '')!, room.stateEvent('m.room.power_levels', '')!, join]
  const message = room.build({ type: 'm.room.message', sender: bob })
  // when
  const state = authStateOf(claimed.map(({ pdu }) => pdu))
  // then
  expect(state('m.room.member', bob)).toBe(join.pdu)
  expect(state('m.room.member', alice)).toBeUndefined()
  expect(checkAuthRules(message, state, room.version)).toEqual({ allowed: true })
})
