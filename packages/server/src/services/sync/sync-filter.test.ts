import { expect, test } from 'vitest'
import { MatrixError, type JsonObject } from '@magik/protocol'
import { NO_SYNC_FILTER, parseRoomEventFilter, parseSyncFilter } from './sync-filter.ts'

test('parseSyncFilter: every field of the specification is read', () => {
  const filter = parseSyncFilter({
    event_fields: ['content.body'],
    event_format: 'federation',
    presence: { types: [], not_senders: ['@a:b'] },
    account_data: { not_types: ['m.*'], limit: 3 },
    room: {
      rooms: ['!a:b'],
      not_rooms: ['!c:d'],
      include_leave: true,
      state: { lazy_load_members: true, include_redundant_members: true },
      timeline: { limit: 0, contains_url: false, unread_thread_notifications: true, rooms: [], not_rooms: ['!e:f'] },
      ephemeral: { senders: ['@a:b'] },
      account_data: { types: ['m.tag'] },
    },
  })

  expect(filter.eventFields).toEqual(['content.body'])
  expect(filter.eventFormat).toBe('federation')
  expect(filter.presence).toMatchObject({ types: [], notSenders: ['@a:b'] })
  expect(filter.accountData).toMatchObject({ notTypes: ['m.*'], limit: 3, types: undefined })
  expect(filter.room).toMatchObject({ rooms: ['!a:b'], notRooms: ['!c:d'], includeLeave: true })
  expect(filter.room.state).toMatchObject({ lazyLoadMembers: true, includeRedundantMembers: true })
  expect(filter.room.timeline).toMatchObject({ limit: 0, containsUrl: false, rooms: [], notRooms: ['!e:f'] })
  expect(filter.room.timeline.unreadThreadNotifications).toBe(true)
  expect(filter.room.ephemeral.senders).toEqual(['@a:b'])
  expect(filter.room.accountData.types).toEqual(['m.tag'])
})

test('parseSyncFilter: an empty filter lets everything through', () => {
  expect(NO_SYNC_FILTER.eventFormat).toBe('client')
  expect(NO_SYNC_FILTER.room.includeLeave).toBe(false)
  expect(NO_SYNC_FILTER.room.timeline).toEqual({
    limit: undefined,
    types: undefined,
    notTypes: [],
    senders: undefined,
    notSenders: [],
    rooms: undefined,
    notRooms: [],
    containsUrl: undefined,
    lazyLoadMembers: false,
    includeRedundantMembers: false,
    unreadThreadNotifications: false,
  })
})

test.each<[string, JsonObject]>([
  ['a section that is no object', { room: [] }],
  ['a null section', { presence: null }],
  ['a list that is a string', { room: { timeline: { types: 'm.room.message' } } }],
  ['a list that holds a number', { event_fields: [1] }],
  ['a limit that is a string', { room: { timeline: { limit: '10' } } }],
  ['a negative limit', { account_data: { limit: -1 } }],
  ['a flag that is a number', { room: { include_leave: 1 } }],
  ['an unknown event format', { event_format: 'server' }],
])('parseSyncFilter: refuses %s', (_, json) => {
  expect(() => parseSyncFilter(json)).toThrow(expect.objectContaining({ errcode: 'M_BAD_JSON', status: 400 }))
})

test('parseSyncFilter: keys every object inherits are no fields', () => {
  expect(parseSyncFilter(JSON.parse('{"__proto__": 1, "constructor": 2}'))).toEqual(NO_SYNC_FILTER)
})

test('parseRoomEventFilter: names the field that is wrong', () => {
  expect(() => parseRoomEventFilter({ senders: {} })).toThrow(MatrixError)
  expect(() => parseRoomEventFilter({ senders: {} })).toThrow(/senders/)
})
