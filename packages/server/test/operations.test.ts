import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { testServer } from './harness/index.ts'

test('every operation that is served is spoken of in a black-box test', async () => {
  // given the operations by the names they are registered under
  const { server } = await testServer()
  const operations = new Set(server.http.routes.map(({ name }) => name))
  // when the titles of all tests are read
  const folder = import.meta.dirname
  const texts = globSync('**/*.test.ts', { cwd: folder }).map((name) => readFileSync(join(folder, name), 'utf8'))
  const titles = texts.flatMap((text) =>
    Array.from(text.matchAll(/(?:describe|test)(?:\.each\([^`]*?\))?\(\s*['`](.*?)['`],/gs), ([, title]) => title),
  )
  const words = new Set(titles.flatMap((title) => title?.match(/\w+/g) ?? []))
  // then each operation stands in one
  expect([...operations].filter((name) => !words.has(name))).toEqual([])
})
