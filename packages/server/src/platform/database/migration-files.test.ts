import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { MigrationError } from './errors.ts'
import { outstandingMigrations, readMigrations } from './migration-files.ts'
import { migrationsFolder } from './testing-schema.ts'

test('readMigrations: takes the files for all engines and for this one, in order of number', () => {
  const folder = migrationsFolder({
    '0010-later.sql': 'c',
    '0002-tables.sqlite.sql': 'b',
    '0002-tables.postgres.sql': 'b for the other',
    '0001-first.sql': 'a',
    'README.md': 'no migration',
  })
  expect(readMigrations(folder, 'sqlite').map(({ version, name, sql }) => [version, name, sql])).toEqual([
    [1, 'first', 'a'],
    [2, 'tables', 'b'],
    [10, 'later', 'c'],
  ])
})

test('readMigrations: line endings do not change the checksum', () => {
  const folder = migrationsFolder({ '0001-first.sql': 'SELECT 1;\nSELECT 2;\n' })
  const before = readMigrations(folder, 'sqlite')
  const file = new URL('0001-first.sql', folder)
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('\n', '\r\n'))
  expect(readMigrations(folder, 'sqlite')).toEqual(before)
})

test('readMigrations: refuses a number used twice and a name that is none', () => {
  const twice = migrationsFolder({ '0001-a.sql': '', '0001-b.sqlite.sql': '' })
  expect(() => readMigrations(twice, 'sqlite')).toThrow('two migrations have number 1: a and b')
  const unnamed = migrationsFolder({ 'one.sql': '' })
  expect(() => readMigrations(unnamed, 'sqlite')).toThrow('one.sql is not named')
})

test('outstandingMigrations: a history that is not the files is refused, precisely', () => {
  const folder = migrationsFolder({ '0001-a.sql': 'a', '0002-b.sql': 'b', '0004-d.sql': 'd' })
  const [a, b, d] = readMigrations(folder, 'sqlite')
  const all = [a!, b!, d!]
  expect(outstandingMigrations(all, [])).toEqual(all)
  expect(outstandingMigrations(all, [a!])).toEqual([b, d])
  const cases = [
    [[{ ...a!, checksum: 'other' }], 'migration 0001-a was changed after this database had applied it'],
    [[a!, b!, d!, { version: 5, name: 'e', checksum: '' }], 'the database is newer than this version of Magik'],
    [[a!, b!, { version: 3, name: 'c', checksum: '' }], 'the database has migration 0003-c, whose file is missing'],
    [[a!, d!], 'migration 2 (b) is older than the database'],
  ] as const
  for (const [applied, message] of cases) {
    expect(() => outstandingMigrations(all, applied)).toThrow(MigrationError)
    expect(() => outstandingMigrations(all, applied)).toThrow(message)
  }
})
