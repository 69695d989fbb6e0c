import { describe, expect, test } from 'vitest'
import type { RoomVersion } from './room-version.ts'
import { DEFAULT_ROOM_VERSION, getRoomVersion, ROOM_VERSIONS } from './room-versions.ts'

describe('room versions', () => {
  test('are found by name', () => {
    for (const [id, version] of ROOM_VERSIONS) {
      expect(version.id).toBe(id)
      expect(getRoomVersion(id)).toBe(version)
    }
  })

  test.each(['', '0', '13', '012', 'constructor'])('%j is unknown', (id) => {
    expect(getRoomVersion(id)).toBeUndefined()
  })

  test('new rooms get version 12', () => {
    expect(DEFAULT_ROOM_VERSION.id).toBe('12')
  })

  test('are 1 to 12, oldest first', () => {
    expect([...ROOM_VERSIONS.keys()]).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', '12'])
  })

  test('version 1', () => {
    const { redaction, ...traits } = getRoomVersion('1')!
    expect(traits).toEqual({
      id: '1',
      eventIdFormat: 'assigned',
      eventReferences: 'pairs',
      roomIdFormat: 'domain',
      createEventIn: 'auth-events',
      canonicalJson: 'lossless',
      maxDepth: 9_223_372_036_854_775_807n,
      signedByEventIdServer: true,
      enforcesKeyValidity: false,
      redactsIn: 'top-level',
      redactionRightCheckedBy: 'auth-rules',
      creatorNamedBy: 'content',
      additionalCreators: false,
      creatorPower: 'initial',
      powerLevelValues: 'numbers-or-strings',
      authorisesNotificationLevels: false,
      aliasesRule: true,
      knocking: false,
      restrictedJoins: false,
      knockRestrictedJoins: false,
      stateResolution: 'v1',
    })
  })

  // What redaction keeps is compared by its own tests; here only whether a version changes it.
  const redaction = expect.anything()
  test.each<[string, Partial<RoomVersion>]>([
    ['2', { stateResolution: 'v2' }],
    [
      '3',
      {
        eventIdFormat: 'base64',
        eventReferences: 'ids',
        signedByEventIdServer: false,
        redactionRightCheckedBy: 'receipt',
      },
    ],
    ['4', { eventIdFormat: 'base64url' }],
    ['5', { enforcesKeyValidity: true }],
    [
      '6',
      {
        canonicalJson: 'strict',
        maxDepth: 9_007_199_254_740_991n,
        redaction,
        powerLevelValues: 'integers-or-strings',
        authorisesNotificationLevels: true,
        aliasesRule: false,
      },
    ],
    ['7', { knocking: true }],
    ['8', { redaction, restrictedJoins: true }],
    ['9', { redaction }],
    ['10', { powerLevelValues: 'integers', knockRestrictedJoins: true }],
    ['11', { redaction, redactsIn: 'content', creatorNamedBy: 'sender' }],
    [
      '12',
      {
        roomIdFormat: 'create-event',
        createEventIn: 'room-id',
        additionalCreators: true,
        creatorPower: 'infinite',
        stateResolution: 'v2.1',
      },
    ],
  ])('version %s differs from the one before in these traits', (id, changes) => {
    const [before, version] = [getRoomVersion(String(Number(id) - 1))!, getRoomVersion(id)!]
    const differing = Object.entries(version).filter(([trait, value]) => before[trait as keyof RoomVersion] !== value)
    expect(Object.fromEntries(differing)).toEqual({ id, ...changes })
  })
})
