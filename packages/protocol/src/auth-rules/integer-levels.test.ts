import { expect, test } from 'vitest'
import { JsonNumber, type JsonObject } from '../json/json-value.ts'
import { holdsIntegerLevelsOnly } from './integer-levels.ts'

test.each<[JsonObject, boolean]>([
  [{}, true],
  [{ ban: 50, users_default: -1, events: {}, users: { '@a:b.example': 100 }, notifications: { room: 5 } }, true],
  [{ 'org.example': '50', historical: '50' }, true],
  [{ ban: '50' }, false],
  [{ kick: 50.5 }, false],
  [{ invite: new JsonNumber('5.0') }, false],
  [{ state_default: null }, false],
  [{ users: { '@a:b.example': '100' } }, false],
  [{ events: { 'm.room.name': '50' } }, false],
  [{ notifications: { room: new JsonNumber('1e2') } }, false],
  [{ users: [] }, false],
  [{ events: 'none' }, false],
])('%j: %s', (content, expected) => {
  expect(holdsIntegerLevelsOnly(content)).toBe(expected)
})
