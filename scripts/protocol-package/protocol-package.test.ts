import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { apiPage, undocumented } from './api-page.ts'
import { readDeclarations } from './declarations.ts'
import { withJavaScriptImports } from './emit.ts'
import { readExports } from './exports.ts'
import { packedManifest } from './packed-manifest.ts'

function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'magik-declarations-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

test('withJavaScriptImports: relative modules only, imported types included', () => {
  const text = `import type { A } from '../a.ts';\nexport declare const b: import("./b.ts").B;\nimport c from 'c.ts';\n`
  expect(withJavaScriptImports(text)).toBe(
    `import type { A } from '../a.js';\nexport declare const b: import("./b.js").B;\nimport c from 'c.ts';\n`,
  )
})

test('readDeclarations: statements of several lines, with their comments', () => {
  const { declarations } = readDeclarations(
    [
      "import { B } from './b.js';",
      '/**',
      ' * A class.',
      ' * @spec rooms/',
      ' */',
      'export declare class A {',
      '    /** Its field. */',
      '    readonly field: B;',
      '}',
      '/** Not exported. */',
      'declare const hidden: unique symbol;',
      'export declare const BARE = 1;',
      '/** One line. */',
      'export type C = {',
      '    readonly a: 1;',
      '} | {',
      '    readonly b: 2;',
      '};',
      'export {};',
      '',
    ].join('\n'),
  )
  expect(declarations).toEqual([
    {
      name: 'A',
      kind: 'class',
      doc: 'A class.\n@spec rooms/',
      text: 'class A {\n    /** Its field. */\n    readonly field: B;\n}',
    },
    { name: 'BARE', kind: 'const', doc: undefined, text: 'const BARE = 1;' },
    {
      name: 'C',
      kind: 'type',
      doc: 'One line.',
      text: 'type C = {\n    readonly a: 1;\n} | {\n    readonly b: 2;\n};',
    },
  ])
})

test('readDeclarations: what it does not understand is an error', () => {
  expect(() => readDeclarations("export * as names from './a.js';\n")).toThrow('unknown here')
  expect(() => readDeclarations("export { a as b } from './a.js';\n")).toThrow('another name: a as b')
})

test('readExports: follows re-exports, all or by name', () => {
  const folder = folderOf({
    'index.d.ts': "export * from './a.js';\nexport type { C } from './b.js';\n",
    'a.d.ts': '/** One. */\nexport declare function one(): 1;\n',
    'b.d.ts': "export * from './c.js';\nexport declare const left: 0;\n",
    'c.d.ts': '/** Three. */\nexport interface C {\n    readonly c: 3;\n}\n',
  })
  expect(readExports(folder).map(({ module, name }) => [module, name])).toEqual([
    ['a', 'one'],
    ['c', 'C'],
  ])
  const broken = folderOf({ 'index.d.ts': "export { gone } from './a.js';\n", 'a.d.ts': 'export {};\n' })
  expect(() => readExports(broken)).toThrow('a does not export gone')
})

test('apiPage: signature, text, tags; overloads are one entry', () => {
  const page = apiPage('@example/package', [
    {
      module: 'm',
      name: 'f',
      kind: 'function',
      doc: 'Does it.\n@param a what\nto do\n@spec rooms/',
      text: 'function f(a: 1): 1;',
    },
    { module: 'm', name: 'f', kind: 'function', doc: undefined, text: 'function f(a: 2): 2;' },
  ])
  expect(page).toContain('## m\n\n### f\n\n```ts\nfunction f(a: 1): 1;\nfunction f(a: 2): 2;\n```\n\nDoes it.\n')
  expect(page).toContain('- `a` what to do\n- Specification: [rooms/](https://spec.matrix.org/v1.19/rooms/)')
})

test('undocumented: names an export that has no comment, once', () => {
  const declaration = { module: 'm', kind: 'const', text: '' }
  const bare = { ...declaration, name: 'bare', doc: undefined }
  expect(undocumented([bare, bare, { ...declaration, name: 'said', doc: 'Said.' }])).toEqual(['bare'])
})

test('packedManifest: names emitted files, and keeps what says who the package is', () => {
  const packed = packedManifest({
    name: 'p',
    version: '1.0.0',
    exports: { '.': './src/index.ts' },
    scripts: { a: 'b' },
  })
  expect(packed).toMatchObject({ name: 'p', version: '1.0.0', exports: { '.': { default: './dist/index.js' } } })
  expect(packed).not.toHaveProperty('scripts')
})
