import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { bind, inList, position, QueryCompiler, readValues } from './query.ts'
import { sqliteQueryDialect } from './sqlite/sqlite-dialect.ts'

interface Schema {
  users: { nid: number; name: string; avatar: Uint8Array | null }
}

const compiler = () => new QueryCompiler<Schema>(sqliteQueryDialect)

test('query: named parameters fill the placeholders in their order, constants stay', () => {
  const query = compiler().compile<{ name: string; max: number }, { nid: number }>((q, p) =>
    q.selectFrom('users').select('nid').where('nid', '>', 7).where('name', '=', p.name).where('nid', '<', p.max),
  )
  expect(query.sql).toBe('select "nid" from "users" where "nid" > ? and "name" = ? and "nid" < ?')
  expect(readValues(query, { max: 9, name: 'alice' })).toEqual([7, 'alice', 9])
})

test('query: a parameter used twice fills two placeholders', () => {
  const query = compiler().compile<{ name: string }, { nid: number }>((q, p) =>
    q
      .selectFrom('users')
      .select('nid')
      .where((eb) => eb.or([eb('name', '=', p.name), eb('name', '=', sql<string>`upper(${p.name})`)])),
  )
  expect(readValues(query, { name: 'bob' })).toEqual(['bob', 'bob'])
})

test('inList: a list of any length is one parameter', () => {
  const query = compiler().compile<{ names: readonly string[] }, { nid: number }>((q, p) =>
    q.selectFrom('users').select('nid').where(inList('users.name', p.names)),
  )
  expect(query.sql).toBe('select "nid" from "users" where "users"."name" in (select value from json_each(?))')
  expect(readValues(query, { names: ['a', 'b"'] })).toEqual(['["a","b\\""]'])
})

test('inList: a list that is no parameter is refused', () => {
  expect(() => inList('name', ['a'])).toThrow('inList takes a list parameter')
})

test('query: knows reads, writes and writes that return rows', () => {
  const queries = compiler()
  const read = queries.compile((q) => q.selectFrom('users').select('nid'))
  const write = queries.compile((q) => q.deleteFrom('users'))
  const returning = queries.compile((q) => q.deleteFrom('users').returning('nid'))
  const raw = queries.compile(() => sql<{ one: number }>`select 1 as one`)
  const rawWrite = queries.compile(() => sql`update users set name = 'x' returning nid`)
  expect([read, write, returning, raw, rawWrite].map(({ kind, returnsRows }) => [kind, returnsRows])).toEqual([
    ['read', true],
    ['write', false],
    ['write', true],
    ['read', true],
    ['write', true],
  ])
  expect(queries.queries).toEqual([read, write, returning, raw, rawWrite])
})

test('bind: position markers stand where numbers are expected', () => {
  const query = compiler().compile<{ nid: number; name: string; avatar: Uint8Array | null }, unknown>((q, p) =>
    q.insertInto('users').values({ nid: p.nid, name: p.name, avatar: p.avatar }),
  )
  const avatar = new Uint8Array([1])
  const bound = bind(query, { nid: position(2), name: 'alice', avatar }, { guard: 'free' })
  expect(bound).toEqual({ query, values: [{ positionIndex: 2 }, 'alice', avatar], guard: 'free' })
  // @ts-expect-error a name is no number
  bind(query, { nid: 1, name: position(0), avatar: null })
  // @ts-expect-error a parameter is missing
  expect(() => bind(query, { nid: 1, name: 'x' })).toThrow('parameter avatar')
})

test('bind: a number that is no safe integer is refused', () => {
  const query = compiler().compile<{ nid: number }, unknown>((q, p) => q.deleteFrom('users').where('nid', '=', p.nid))
  for (const nid of [1.5, 2 ** 53, Number.NaN]) {
    expect(() => bind(query, { nid })).toThrow('parameter nid of query')
    expect(() => readValues(query, { nid })).toThrow('is no safe integer')
  }
})

test('query: parameters are typed as the columns they meet', () => {
  compiler().compile<{ name: string }, { nid: number }>((q, p) =>
    // @ts-expect-error a string is compared with a number
    q.selectFrom('users').select('nid').where('nid', '=', p.name),
  )
})

test('query: one compiled for another database is refused', () => {
  const query = compiler().compile((q) => q.selectFrom('users').select('nid'))
  expect(() => compiler().check(query)).toThrow('query of another database')
})
