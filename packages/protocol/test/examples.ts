import { spawnSync } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const folder = join(import.meta.dirname, '..')
const CODE_BLOCK = /```js\n(.*?)```/gs
const PROMISED_LINE = /^console\.log\(.*\) \/\/ (.*)$/gm

/** A program of the documentation. */
export interface Example {
  readonly name: string
  readonly code: string
  /** The lines it prints according to its own comments. */
  readonly promised: readonly string[]
}

/** The programs of the README and of `examples/`. */
export function readExamples(): Example[] {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const blocks = [...readme.matchAll(CODE_BLOCK)].map(([, code = ''], index) => ({ name: `README ${index + 1}`, code }))
  const files = globSync('examples/*.js', { cwd: folder }).sort()
  const programs = files.map((file) => ({ name: basename(file), code: readFileSync(join(folder, file), 'utf8') }))
  return [...blocks, ...programs].map((program) => ({
    ...program,
    promised: [...program.code.matchAll(PROMISED_LINE)].map(([, line = '']) => line),
  }))
}

/**
 * Runs a program on plain Node.js as if it stood in a folder.
 * @returns the lines it printed.
 * @throws Error with what it said on its standard error if it fails.
 */
export function runExample(example: Example, cwd: string): string[] {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-'], {
    cwd,
    input: example.code,
    encoding: 'utf8',
    timeout: 20_000,
  })
  if (status !== 0) throw new Error(`${example.name} failed\n${stderr}`)
  return stdout.trimEnd().split('\n')
}
