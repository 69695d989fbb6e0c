import { expect, test } from 'vitest'
import { checkModules, type WorkspacePackage } from './check-modules.ts'
import { readModule } from './read-module.ts'

const SERVER = 'packages/server/src'
const PACKAGES: readonly WorkspacePackage[] = [
  { name: '@magik/protocol', folder: 'packages/protocol', entry: 'packages/protocol/src/index.ts', dependencies: [] },
  {
    name: '@magik/server',
    folder: 'packages/server',
    entry: 'packages/server/src/server.ts',
    dependencies: ['@magik/protocol', 'kysely', 'fastify'],
  },
  { name: '@magik/bench', folder: 'packages/bench', entry: undefined, dependencies: [] },
]

const check = (files: Readonly<Record<string, string>>) =>
  checkModules(
    Object.entries(files).map(([path, text]) => readModule(path, text)),
    PACKAGES,
  )

test.each([
  ['protocol/src/a.ts', "import { readFileSync } from 'node:fs'", 'the protocol is pure'],
  ['bench/src/a.ts', "import type { Pdu } from '../../protocol/src/event/pdu.ts'", 'the bench speaks HTTP'],
  ['bench/src/a.ts', "import { b } from './micro/b.ts'", 'the bench speaks HTTP'],
  ['bench/src/micro/a.ts', "import '../../../server/src/services/rooms/b.ts'", 'micro-benchmarks know the protocol'],
  ['bench/src/micro/a.ts', "import '../../../server/src/storage/event-store.ts'", 'micro-benchmarks know the protocol'],
  ['server/src/platform/log/a.ts', "import '../../storage/room-store.ts'", 'the platform knows nothing above it'],
  ['server/src/storage/a-store.ts', "import type { A } from '../services/a.ts'", 'storage knows nothing above it'],
  ['server/src/services/rooms/a.ts', "import { b } from '../../api/b.ts'", 'services know nothing above them'],
  ['server/src/services/rooms/a.ts', "import '../../platform/http/reply.ts'", 'services do not know HTTP'],
  ['server/src/api/pages/a.ts', "import type { A } from '../../storage/a-store.ts'", 'routes call services'],
  ['server/src/services/events/a.ts', "import { b } from '../rooms/rooms.ts'", 'the write path knows no other part'],
  ['server/src/services/sync/a.ts', "import { bind } from '../../platform/database/query.ts'", 'SQL stays in stores'],
  ['server/src/services/sync/a.ts', "import { sql } from 'kysely'", 'SQL stays in stores'],
  ['server/src/services/sync/a.ts', "import { randomBytes } from 'node:crypto'", 'randomness is handed in'],
  ['server/src/services/sync/a.ts', "import { b } from '../state/test-room.ts'", 'what is made for tests'],
  ['server/src/services/sync/a.ts', "import x from 'left-pad'", 'no dependency in the package.json'],
])('%s: %s is a violation', (path, text, rule) => {
  expect(check({ [`packages/${path}`]: text })).toEqual([expect.stringContaining(rule)])
})

test.each([
  "import type { A } from '../../api/b.ts'",
  "import { type A } from '../../api/b.ts'",
  "export type { A } from '../../api/b.ts'",
  "export { a } from '../../api/b.ts'",
  "export * from '../../api/b.ts'",
  "type A = import('../../api/b.ts').A",
  "const a = await import('../../api/b.ts')",
])('every form of import is seen: %s', (text) => {
  expect(check({ [`${SERVER}/services/rooms/a.ts`]: text })).toEqual([
    `${SERVER}/services/rooms/a.ts:1: imports ${SERVER}/api/b.ts; services know nothing above them`,
  ])
})

test.each([
  ['services/sync/a.ts', "import type { BoundWrite } from '../../platform/database/database.ts'"],
  ['services/sync/a.ts', "import { position } from '../../platform/database/query.ts'"],
  ['services/events/a.ts', "import { UserNumbers } from '../users/user-numbers.ts'"],
  ['services/sync/a.ts', "import { createHash } from 'node:crypto'"],
  ['storage/a-store.ts', "import { sql } from 'kysely'"],
  ['services/sync/a.ts', "// import '../../api/b.ts'\nexport const text = \"import '../../api/b.ts'\""],
  ['services/sync/a.test.ts', "import '../../api/b.ts'"],
  ['server.ts', "import './api/b.ts'\nimport './platform/database/query.ts'"],
])('%s: %s is none', (path, text) => {
  expect(check({ [`${SERVER}/${path}`]: text })).toEqual([])
})

test('modules that import each other are a circle, be it for types alone', () => {
  const violations = check({
    [`${SERVER}/services/rooms/a.ts`]: "import { b } from './b.ts'",
    [`${SERVER}/services/rooms/b.ts`]: "import type { C } from './c.ts'",
    [`${SERVER}/services/rooms/c.ts`]: "import { a } from './a.ts'",
  })
  expect(violations).toEqual([
    'circle of imports: packages/server/src/services/rooms/a.ts -> packages/server/src/services/rooms/b.ts -> packages/server/src/services/rooms/c.ts',
  ])
})

test.each([
  'Date.now()',
  'new Date()',
  'Math.random()',
  'performance.now()',
  'setTimeout(() => 0, 5)',
  'globalThis.setTimeout(() => 0, 5)',
  'AbortSignal.timeout(5)',
])('%s is for the clock alone', (expression) => {
  const text = `export const x = ${expression}`
  expect(check({ [`${SERVER}/services/sync/a.ts`]: text })).toEqual([
    expect.stringMatching(/a\.ts:1: .*; clock, timers and randomness are handed in/),
  ])
  expect(check({ [`${SERVER}/platform/clock/a.ts`]: text })).toEqual([])
})

test('a clock that was handed in may be used', () => {
  const text = 'export const x = (clock: C) => [clock.now(), clock.setTimeout(() => 0, 5), new Date(5)]'
  expect(check({ [`${SERVER}/services/sync/a.ts`]: text })).toEqual([])
})
