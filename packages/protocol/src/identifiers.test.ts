import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Errcode, MatrixError } from './errors.ts'
import {
  aliasOf,
  eventServerName,
  isEventId,
  isHistoricalUserId,
  isRoomAlias,
  isRoomId,
  isServerName,
  isUserId,
  localpartOf,
  MAX_IDENTIFIER_BYTES,
  parseEventId,
  parseRoomAlias,
  parseRoomId,
  parseServerName,
  parseUserId,
  roomServerName,
  serverNameOf,
  userIdOf,
  validateNewLocalpart,
} from './identifiers.ts'

const HASH = 'acR1l0raoZnm60CBwAVgqbZqoO-mYU81xysh1u7XcJk'
const example = parseServerName('example.org')

describe('server names', () => {
  test.each([
    'matrix.org',
    'matrix.org:8888',
    '1.2.3.4',
    '1.2.3.4:1234',
    '[1234:5678::abcd]',
    '[1234:5678::abcd]:5678',
    '[::]',
    '[::1]:8448',
    '[::ffff:1.2.3.4]',
    'localhost',
    'EXAMPLE.org',
    'xn--bcher-kva.example',
    'a'.repeat(255),
  ])('%s is one', (text) => {
    expect(isServerName(text)).toBe(true)
    expect(parseServerName(text)).toBe(text)
  })

  test.each([
    '',
    ':8448',
    'example.org:',
    'example.org:123456',
    'example.org:80a',
    'example.org:-1',
    'example.org:80:80',
    'under_score.org',
    'bücher.example',
    'example.org/',
    'user@example.org',
    ' example.org',
    'example.org\n',
    'example.org\0',
    '::1',
    '[]',
    '[::1',
    '::1]',
    '[:]',
    '[1.2.3.4]',
    '[:::1]',
    '[1:2:3:4:5:6:7:8:9]',
    '[fe80::1%25eth0]',
    '[::g]',
    '[::1]8448',
    'a'.repeat(256),
  ])('%j is none', (text) => {
    expect(isServerName(text)).toBe(false)
    expect(refusal(() => parseServerName(text))).toBe('M_INVALID_PARAM')
  })
})

describe('user IDs', () => {
  test.each([
    ['@alice:example.org', 'alice', 'example.org'],
    ['@a.b_c=d-e/f+0:example.org:8448', 'a.b_c=d-e/f+0', 'example.org:8448'],
    ['@alice:[::1]:8448', 'alice', '[::1]:8448'],
    ['@alice:1.2.3.4', 'alice', '1.2.3.4'],
  ])('%s is one', (text, localpart, serverName) => {
    const userId = parseUserId(text)
    expect(localpartOf(userId)).toBe(localpart)
    expect(serverNameOf(userId)).toBe(serverName)
    expect(isHistoricalUserId(userId)).toBe(false)
  })

  test.each([
    '@Alice:example.org',
    '@:example.org',
    '@a b:example.org',
    '@é\u{1f600}:example.org',
    '@a\n\u0001:b',
    '@@a#!:b',
  ])('%j is a historical one', (text) => {
    expect(isHistoricalUserId(parseUserId(text))).toBe(true)
  })

  test.each([
    '',
    '@',
    '@:',
    '@alice',
    '@alice:',
    'alice:example.org',
    '#alice:example.org',
    '@alice:example.org:port',
    '@ali:ce:example.org',
    '@ali\0ce:example.org',
    '@ali\ud800ce:example.org',
    '@alice:exa mple.org',
    ' @alice:example.org',
  ])('%j is none', (text) => {
    expect(isUserId(text)).toBe(false)
    expect(refusal(() => parseUserId(text))).toBe('M_INVALID_PARAM')
  })

  test('are made of a localpart and a server name', () => {
    expect(userIdOf('alice', example)).toBe('@alice:example.org')
    expect(userIdOf('Historical User', example)).toBe('@Historical User:example.org')
    // a colon would make it a user of another server
    expect(refusal(() => userIdOf('alice:evil.org', parseServerName('8448')))).toBe('M_INVALID_PARAM')
    expect(refusal(() => userIdOf('a\0', example))).toBe('M_INVALID_PARAM')
  })
})

describe('localparts of new users', () => {
  test.each(['alice', '0', '_', 'a.b_c=d-e/f+g'])('%s may be registered', (localpart) => {
    expect(() => validateNewLocalpart(localpart, example)).not.toThrow()
  })

  test.each(['', 'Alice', 'a b', 'é', 'a:b', '@a', 'a!', 'a\n', 'a'.repeat(254)])('%j may not', (localpart) => {
    expect(refusal(() => validateNewLocalpart(localpart))).toBe('M_INVALID_USERNAME')
  })

  test('the whole user ID may take 255 bytes and no more', () => {
    const longest = 'a'.repeat(MAX_IDENTIFIER_BYTES - '@:example.org'.length)
    expect(() => validateNewLocalpart(longest, example)).not.toThrow()
    expect(userIdOf(longest, example)).toHaveLength(MAX_IDENTIFIER_BYTES)
    expect(refusal(() => validateNewLocalpart(`${longest}a`, example))).toBe('M_INVALID_USERNAME')
  })
})

describe('room IDs', () => {
  test.each([
    ['!opaque:example.org', 'example.org'],
    ['!a:example.org:8448', 'example.org:8448'],
    ['!Any thing é!:[::1]', '[::1]'],
    [`!${HASH}`, undefined],
  ])('%s is one', (text, serverName) => {
    expect(roomServerName(parseRoomId(text))).toBe(serverName)
  })

  test.each([
    '',
    '!',
    '!a',
    '!:example.org',
    '!a:',
    '!a\0:b',
    `$${HASH}`,
    `!${HASH}a`,
    `!${HASH.slice(1)}`,
    `!${HASH.replace('-', '/')}`,
  ])('%j is none', (text) => {
    expect(isRoomId(text)).toBe(false)
    expect(refusal(() => parseRoomId(text))).toBe('M_INVALID_PARAM')
  })
})

describe('event IDs', () => {
  test.each([
    ['of room versions 1 and 2', '$15163622445EBvZJ:example.org:8448', 'example.org:8448'],
    ['of room version 3', '$acR1l0raoZnm60CBwAVgqbZqoO/mYU81xysh1u7Xc+k', undefined],
    ['of room version 4 and later', '$Rqnc-F-dvnEYJTyHq_iKxU2bZ1CI92-kuZq3a5lr5Zg', undefined],
  ])('%s', (_versions, text, serverName) => {
    expect(eventServerName(parseEventId(text))).toBe(serverName)
  })

  test.each([
    '',
    '$',
    '$a',
    '$:example.org',
    '$a:',
    `!${HASH}`,
    `$${HASH}=`,
    `$${HASH}a`,
    `$${HASH.slice(1)}`,
    `$/${HASH.slice(1)}`,
  ])('%j is none', (text) => {
    expect(isEventId(text)).toBe(false)
    expect(refusal(() => parseEventId(text))).toBe('M_INVALID_PARAM')
  })
})

describe('room aliases', () => {
  test.each([
    ['#room:example.org', 'room', 'example.org'],
    ['#Größer #1:example.org:8448', 'Größer #1', 'example.org:8448'],
  ])('%s is one', (text, localpart, serverName) => {
    const alias = parseRoomAlias(text)
    expect(localpartOf(alias)).toBe(localpart)
    expect(serverNameOf(alias)).toBe(serverName)
    expect(aliasOf(localpart, parseServerName(serverName))).toBe(text)
  })

  test.each(['', '#', '#room', '#:example.org', '#a\0b:c', 'room:example.org', '!room:example.org'])(
    '%j is none',
    (text) => {
      expect(isRoomAlias(text)).toBe(false)
      expect(refusal(() => parseRoomAlias(text))).toBe('M_INVALID_PARAM')
    },
  )

  test('are not made of a localpart with a colon', () => {
    expect(refusal(() => aliasOf('a:b', example))).toBe('M_INVALID_PARAM')
  })
})

describe('the length of an identifier', () => {
  const parsers = { '@': isUserId, '!': isRoomId, $: isEventId, '#': isRoomAlias }

  test.each(Object.entries(parsers))('%s: 255 bytes of UTF-8 and no more', (sigil, accepts) => {
    for (const character of ['a', 'é', '日', '\u{1f600}']) {
      const bytes = Buffer.byteLength(character)
      const spare = MAX_IDENTIFIER_BYTES - `${sigil}:example.org`.length
      const filling = character.repeat(Math.floor(spare / bytes)) + 'x'.repeat(spare % bytes)
      expect(accepts(`${sigil}${filling}:example.org`)).toBe(true)
      expect(accepts(`${sigil}${filling}x:example.org`)).toBe(false)
    }
  })
})

describe('properties', () => {
  const serverName = fc.tuple(
    fc.oneof(
      fc.domain(),
      fc.ipV4(),
      fc.ipV6().map((address) => `[${address}]`),
    ),
    fc.option(fc.nat(65_535), { nil: undefined }),
  )

  test('an identifier falls apart into what it was made of', () => {
    const localpart = fc.string({ unit: 'binary', maxLength: 15 }).filter((text) => !/[:\0]/.test(text))
    fc.assert(
      fc.property(localpart, serverName, (name, [host, port]) => {
        const server = parseServerName(port === undefined ? host : `${host}:${port}`)
        fc.pre(server.length <= 150)
        const userId = userIdOf(name, server)
        expect([localpartOf(userId), serverNameOf(userId)]).toEqual([name, server])
        expect(isHistoricalUserId(userId)).toBe(refusal(() => validateNewLocalpart(name)) !== undefined)
      }),
    )
  })

  test('arbitrary text is accepted or refused with a MatrixError', () => {
    const text = fc.string({
      unit: fc.constantFrom('@', '!', '$', '#', ':', 'a', '.', '[', ']', '1', '\0', '\ud800', 'é'),
    })
    fc.assert(
      fc.property(text, (candidate) => {
        for (const parse of [parseUserId, parseRoomId, parseEventId, parseRoomAlias, parseServerName]) {
          expect([undefined, 'M_INVALID_PARAM']).toContain(refusal(() => parse(candidate)))
        }
      }),
    )
  })
})

function refusal(act: () => unknown): Errcode | undefined {
  try {
    act()
    return undefined
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode
    throw error
  }
}
