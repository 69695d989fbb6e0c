import { MatrixError } from '@magik/protocol'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatToken, parseRoomToken, parseStreamToken } from './stream-token.ts'

const epoch = fc.stringMatching(/^[a-z0-9]{1,32}$/)
const count = fc.nat({ max: 2 ** 31 })

test('tokens: what is written is read back', () => {
  fc.assert(
    fc.property(epoch, count, count, (name, position, eventNid) => {
      const stream = { kind: 'stream', epoch: name, position } as const
      const topological = { kind: 'topological', epoch: name, depth: position, eventNid } as const
      expect(parseStreamToken(formatToken(stream))).toEqual(stream)
      expect(parseRoomToken(formatToken(stream))).toEqual(stream)
      expect(parseRoomToken(formatToken(topological))).toEqual(topological)
    }),
  )
})

test.each([
  '',
  's',
  's1',
  's1..5',
  's1.abc',
  's1.abc.-1',
  's1.ABC.5',
  's1.abc.5.6',
  's2.abc.5',
  's1.abc.9999999999999999',
  't1.abc.5',
])('tokens: %j is refused', (text) => {
  expect(() => parseRoomToken(text)).toThrow(MatrixError)
})

test('tokens: sync takes no place in a room for a place in the stream', () => {
  expect(() => parseStreamToken('t1.abc.5.6')).toThrow(MatrixError)
})
