import { describe, expect, test } from 'vitest'
import { type HistoryVisibility, historyVisibilityOf, mayReadEvent } from './history-visibility.ts'

const VISIBILITIES = ['world_readable', 'shared', 'invited', 'joined'] as const
const MEMBERSHIPS = [undefined, 'invite', 'join', 'leave', 'ban', 'knock'] as const

function mayRead(visibility: HistoryVisibility, membership: string | undefined, joinedLater: boolean): boolean {
  return mayReadEvent({ visibility, visibilityAfter: visibility, membership, membershipAfter: membership, joinedLater })
}

describe('mayReadEvent', () => {
  test.each([
    ['world_readable', MEMBERSHIPS, MEMBERSHIPS],
    ['shared', ['join'], MEMBERSHIPS],
    ['invited', ['invite', 'join'], ['invite', 'join']],
    ['joined', ['join'], ['join']],
  ] as const)('%s: readable with membership %j at the event; %j after joining later', (visibility, now, later) => {
    expect(MEMBERSHIPS.filter((membership) => mayRead(visibility, membership, false))).toEqual([...now])
    expect(MEMBERSHIPS.filter((membership) => mayRead(visibility, membership, true))).toEqual([...later])
  })

  test('a change of visibility is readable if either side of it lets it be', () => {
    for (const visibility of VISIBILITIES) {
      for (const visibilityAfter of VISIBILITIES) {
        for (const membership of MEMBERSHIPS) {
          for (const joinedLater of [false, true]) {
            const either =
              mayRead(visibility, membership, joinedLater) || mayRead(visibilityAfter, membership, joinedLater)
            expect(
              mayReadEvent({ visibility, visibilityAfter, membership, membershipAfter: membership, joinedLater }),
            ).toBe(either)
          }
        }
      }
    }
  })

  test('one’s own membership change is readable if either side of it lets it be', () => {
    for (const visibility of VISIBILITIES) {
      for (const membership of MEMBERSHIPS) {
        for (const membershipAfter of MEMBERSHIPS) {
          const either = mayRead(visibility, membership, false) || mayRead(visibility, membershipAfter, false)
          expect(
            mayReadEvent({ visibility, visibilityAfter: visibility, membership, membershipAfter, joinedLater: false }),
          ).toBe(either)
        }
      }
    }
  })

  test('a user who was removed sees the removal, and nothing after it', () => {
    expect(
      mayReadEvent({
        visibility: 'joined',
        visibilityAfter: 'joined',
        membership: 'join',
        membershipAfter: 'ban',
        joinedLater: false,
      }),
    ).toBe(true)
    expect(mayRead('shared', 'ban', false)).toBe(false)
  })
})

describe('historyVisibilityOf', () => {
  test.each(VISIBILITIES)('%s is itself', (visibility) => {
    expect(historyVisibilityOf({ content: { history_visibility: visibility } })).toBe(visibility)
  })

  test.each(['', 'World_Readable', 'everyone', null, 5, ['joined'], { joined: true }])(
    '%j counts as shared',
    (value) => {
      expect(historyVisibilityOf({ content: { history_visibility: value } })).toBe('shared')
    },
  )

  test('no event, or one without the field, counts as shared', () => {
    expect(historyVisibilityOf(undefined)).toBe('shared')
    expect(historyVisibilityOf({ content: {} })).toBe('shared')
  })
})
