import { expect, test } from 'vitest'
import { homeserverConfig, logConfig } from './homeserver-config.ts'

test('homeserverConfig: has one loopback listener, SQLite and open registration', () => {
  const config: unknown = JSON.parse(homeserverConfig({ port: 8123, folder: '/tmp/x', sharedSecret: 'secret' }))
  expect(config).toMatchObject({
    listeners: [{ port: 8123, type: 'http', bind_addresses: ['127.0.0.1'], resources: [{ names: ['client'] }] }],
    database: { name: 'sqlite3', args: { database: '/tmp/x/homeserver.db' } },
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: 'secret',
    presence: { enabled: false },
  })
})

test('homeserverConfig: every rate limit is far beyond what can be measured', () => {
  const config: Record<string, unknown> = JSON.parse(homeserverConfig({ port: 1, folder: '/tmp/x', sharedSecret: 's' }))
  const limits = Object.entries(config).filter(([name]) => name.startsWith('rc_'))
  const leaves = limits.flatMap(([, limit]) => numbersOf(limit))
  expect(limits.length).toBeGreaterThanOrEqual(8)
  expect(new Set(leaves)).toEqual(new Set([1_000_000]))
})

test('logConfig: logs warnings and worse', () => {
  expect(JSON.parse(logConfig())).toMatchObject({ version: 1, root: { level: 'WARNING' } })
})

function numbersOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(numbersOf) : [value]
}
