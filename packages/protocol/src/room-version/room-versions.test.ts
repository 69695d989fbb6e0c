import { describe, expect, test } from 'vitest'
import { DEFAULT_ROOM_VERSION, getRoomVersion, ROOM_VERSIONS } from './room-versions.ts'

describe('room versions', () => {
  test('are found by name', () => {
    for (const [id, version] of ROOM_VERSIONS) {
      expect(version.id).toBe(id)
      expect(getRoomVersion(id)).toBe(version)
    }
    expect([...ROOM_VERSIONS.keys()]).toEqual(expect.arrayContaining(['11', '12']))
  })

  test.each(['', '0', '13', '012', 'constructor'])('%j is unknown', (id) => {
    expect(getRoomVersion(id)).toBeUndefined()
  })

  test('new rooms get version 12', () => {
    expect(DEFAULT_ROOM_VERSION.id).toBe('12')
  })

  test('version 12 differs from 11 in these traits', () => {
    const [v11, v12] = [getRoomVersion('11')!, getRoomVersion('12')!]
    const differing = Object.entries(v12).filter(([trait, value]) => v11[trait as keyof typeof v11] !== value)
    expect(Object.fromEntries(differing)).toEqual({
      id: '12',
      roomIdFormat: 'create-event',
      createEventIn: 'room-id',
      additionalCreators: true,
      creatorPower: 'infinite',
      stateResolution: 'v2.1',
    })
  })
})
