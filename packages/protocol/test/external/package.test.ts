import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readExamples, runExample } from '../examples.ts'

const folder = join(import.meta.dirname, '../..')
const compiler = join(folder, '../../node_modules/typescript/bin/tsc')
const manifest = join(folder, 'package.json')

/** An empty folder outside the workspace into which the packed package is installed. */
let consumer: string
let packed: readonly string[]
let before: string

beforeAll(() => {
  consumer = mkdtempSync(join(tmpdir(), 'magik-consumer-'))
  before = readFileSync(manifest, 'utf8')
  const [report] = JSON.parse(npm(folder, 'pack', '--json', '--pack-destination', consumer))
  packed = report.files.map(({ path }: { path: string }) => path)
  writeFileSync(join(consumer, 'package.json'), '{ "private": true, "type": "module" }')
  npm(consumer, 'install', '--offline', '--no-audit', '--no-fund', join(consumer, report.filename))
})

afterAll(() => rmSync(consumer, { recursive: true, force: true }))

test('packing: emitted files, README, API and licence, nothing else', () => {
  const others = packed.filter((path) => !/^dist\/.*\.(js|d\.ts)$/.test(path))
  expect(others.sort()).toEqual(['API.md', 'LICENSE', 'README.md', 'package.json'])
  expect(packed).toEqual(expect.arrayContaining(['dist/index.js', 'dist/index.d.ts']))
  expect(packed.filter((path) => path.includes('.test.'))).toEqual([])
})

test('packing: leaves the workspace as it was', () => {
  expect(readFileSync(manifest, 'utf8')).toBe(before)
})

test.for(readExamples())('$name: runs on the installed package', (example) => {
  expect(runExample(example, consumer)).toEqual(expect.arrayContaining([...example.promised]))
})

test('the installed package needs no other', () => {
  const tree = JSON.parse(npm(consumer, 'ls', '--all', '--json'))
  expect(Object.keys(tree.dependencies)).toEqual(['@magik/protocol'])
  expect(tree.dependencies['@magik/protocol'].dependencies).toBeUndefined()
})

// With either option, as the README says: an event's optional fields stand beside an index of JSON values.
test.for(['--exactOptionalPropertyTypes', '--skipLibCheck'])(
  'types: a strict consumer without the types of Node.js compiles with %s',
  (option) => {
    const code = `
      import { checkAuthRules, parseUserId, SigningKey, type Pdu, type UserId, type Verdict } from '@magik/protocol'
      import { authStateOf, DEFAULT_ROOM_VERSION, type PduDraft, type RoomEvent } from '@magik/protocol'
      export const alice: UserId = parseUserId('@alice:a.example')
      export const key: Uint8Array = new SigningKey('1', new Uint8Array(32)).publicKey
      export const draft: PduDraft = {
        type: 'm.room.create', state_key: '', sender: alice, content: { room_version: '12' },
        prev_events: [], auth_events: [], depth: 1, origin_server_ts: 0,
      }
      export const roomOf = (pdu: Pdu): string => pdu.room_id ?? 'made by the event'
      export function judge(event: RoomEvent, state: readonly Pdu[]): string {
        const verdict: Verdict = checkAuthRules(event, authStateOf(state), DEFAULT_ROOM_VERSION)
        return verdict.allowed ? 'allowed' : verdict.rule
      }
      // @ts-expect-error a string is no user ID before it was parsed
      export const bob: UserId = '@bob:b.example'
    `
    expect(check(code, option)).toEqual({ status: 0, output: '' })
  },
)

test('types: a misuse does not compile', () => {
  const code = "import { parseUserId } from '@magik/protocol'\nexport const id: number = parseUserId('@a:b')\n"
  const outcome = check(code, '--skipLibCheck')
  expect(outcome.output).toContain("is not assignable to type 'number'")
  expect(outcome.status).not.toBe(0)
})

/** Compiles a module of the consumer without emitting it. */
function check(code: string, option: string): { status: number | null; output: string } {
  const file = join(consumer, 'consumer.ts')
  writeFileSync(file, code)
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2024', '--types', '', option]
  const { status, stdout } = spawnSync(process.execPath, [compiler, ...options, file], {
    cwd: consumer,
    encoding: 'utf8',
  })
  return { status, output: stdout }
}

function npm(cwd: string, ...parameters: string[]): string {
  // npm's scripts find the same Node.js that runs this test.
  const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}` }
  return execFileSync('npm', parameters, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}
