import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { isOnPostgres, startProcess, temporaryFolder } from '../harness/index.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs `magik check-database` on the server of a folder. */
function checkDatabase(folder: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, 'check-database', '-c', join(folder, 'homeserver.yaml'), ...args])
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
  })
}

test.skipIf(isOnPostgres)(
  'check-database: refuses while the server runs, tells differences with exit code 1, repairs with --rebuild',
  async () => {
    // given a server that has been used
    const folder = temporaryFolder()
    const server = await startProcess(folder)
    const [alice, bob] = [await server.register('alice'), await server.register('bob')]
    const room = await alice.createRoomWith([bob])
    await bob.send(room, 'hello')
    // while it runs nothing is checked
    const running = await checkDatabase(folder)
    expect(running).toMatchObject({ code: 1, stdout: '' })
    expect(running.stderr).toContain('is in use: stop the server first')
    // when it is killed, its database is sound
    await server.kill()
    const sound = await checkDatabase(folder, '--quiet')
    expect(sound.stderr.split('\n').at(-2)).toBe('no differences')
    expect(sound).toMatchObject({ code: 0, stdout: '' })
    // when something derived and something else are damaged
    const database = new DatabaseSync(join(folder, 'homeserver.db'))
    database.exec('UPDATE room_heads SET joined_members = 9; UPDATE stream SET position = position + 1')
    database.close()
    // then both are told
    const damaged = await checkDatabase(folder)
    expect(damaged.code).toBe(1)
    expect(damaged.stdout.trim().split('\n')).toEqual([
      expect.stringMatching(/^the log: it ends at position \d+, the stream is at \d+$/),
      expect.stringMatching(/^room !\S+ \(number \d+\): it has 2 joined and 0 invited members, its head says 9 and 0$/),
    ])
    expect(damaged.stderr).toContain('2 differences; --rebuild repairs those that can be')
    // and one is repaired
    const rebuilt = await checkDatabase(folder, '--rebuild')
    expect(rebuilt.code).toBe(1)
    expect(rebuilt.stdout).toMatch(/^not repaired: the log: .*\nrepaired: room /)
    expect(rebuilt.stderr).toContain('2 differences: 1 repaired, 1 left')
    expect((await checkDatabase(folder)).stdout.trim().split('\n')).toHaveLength(1)
  },
  60_000,
)
