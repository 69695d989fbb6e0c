import { expect, test } from 'vitest'
import { parseOptions, UsageError } from './options.ts'

test('parseOptions: measures a fresh Magik once by default, three times against another server', () => {
  expect(parseOptions([], { HOME: '/home/someone' })).toMatchObject({
    server: 'magik',
    rounds: 1,
    durationMs: 10_000,
    concurrency: 32,
    rooms: 20,
    members: 40,
    crowd: 10_000,
    cacheFolder: '/home/someone/.cache/magik-bench',
  })
  expect(parseOptions(['--against', 'synapse'], {})).toMatchObject({ against: 'synapse', rounds: 3 })
})

test('parseOptions: takes lists, numbers and the cache folder of the environment', () => {
  const options = parseOptions(['--scenario', 'join, messages', '--runs', '2'], { XDG_CACHE_HOME: '/cache' })
  expect(options).toMatchObject({ scenarios: ['join', 'messages'], rounds: 2, cacheFolder: '/cache/magik-bench' })
})

test.each([
  [['--durations', '3']],
  [['--duration', '-1']],
  [['--rounds', '1.5']],
  [['--url', 'http://x', '--server', 'floor']],
])('parseOptions: refuses %j', (args) => {
  expect(() => parseOptions(args, {})).toThrow(UsageError)
})
