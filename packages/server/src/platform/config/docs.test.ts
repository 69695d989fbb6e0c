import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configSchema } from './config.ts'
import { optionSchema } from './declare.ts'
import { configurationPage } from './docs-page.ts'
import { loadConfig } from './index.ts'
import { optionNames } from './option-names.ts'
import { sampleFile } from './sample-file.ts'
import { checkNames } from './unknown-options.ts'
import { parseYamlFile } from './yaml-file.ts'

const docs = join(import.meta.dirname, '../../../../../docs')

test.each([
  ['configuration.md', configurationPage],
  ['sample-homeserver.yaml', sampleFile],
])('docs/%s is up to date', (name, generate) => {
  expect(readFileSync(join(docs, name), 'utf8'), 'run generate-docs.ts').toBe(generate())
})

test('the sample file is a configuration without warnings', () => {
  const { config, warnings } = loadConfig({ paths: [join(docs, 'sample-homeserver.yaml')] })
  expect(config.server_name).toBe('example.com')
  expect(warnings).toEqual([])
})

test('the sample file shows every option, and with all of them on it still holds only options', () => {
  // given the sample with the comment signs before options taken away
  const text = sampleFile().replace(/^#(?=[a-z]| {2})/gmu, '')
  // when it is parsed
  const { options = {} } = parseYamlFile(new TextEncoder().encode(text), 'sample')
  // then it has all options there are, under the right names
  expect(Object.keys(options).sort()).toEqual(Object.keys(configSchema.properties).sort())
  expect(checkNames(options, optionNames(optionSchema(configSchema)))).toEqual({ problems: [], ignored: new Set() })
})

test('every option says what it is for', () => {
  for (const [name, schema] of Object.entries(configSchema.properties)) {
    expect(optionSchema(schema).description, name).toMatch(/\.$/)
  }
})
