import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readExamples, runExample } from './examples.ts'

test.for(readExamples())('$name: runs on the sources, and prints what its comments say', (example) => {
  expect(runExample(example, join(import.meta.dirname, '..'))).toEqual(expect.arrayContaining([...example.promised]))
})

test('the README promises something', () => {
  const blocks = readExamples().filter(({ name }) => name.startsWith('README'))
  expect(blocks.length).toBeGreaterThan(2)
  for (const { promised } of blocks) expect(promised).not.toEqual([])
})

test('runExample: a program that fails is an error', () => {
  const wrong = { name: 'wrong', code: "import { nothing } from '@magik/protocol'", promised: [] }
  expect(() => runExample(wrong, join(import.meta.dirname, '..'))).toThrow('nothing')
})
