import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseSigningKeyFile } from '@magik/protocol'
import { verify } from '@node-rs/argon2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadConfig } from '../platform/config/index.ts'
import { createConfigFile, createMissingFiles } from './first-start.ts'
import { buildProgram } from './program.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'magik-cli-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

interface Outcome {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in the test's folder, without a terminal. */
function magik(args: readonly string[], input = ''): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [MAIN, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(input)
  })
}

function writeConfig(text: string): string {
  const path = join(folder, 'homeserver.yaml')
  writeFileSync(path, `server_name: example.com\nreport_stats: no\n${text}`)
  return path
}

describe('help and usage', () => {
  const commands = [
    'start',
    'register-user',
    'check-config',
    'check-database',
    'generate-config',
    'generate-signing-key',
    'hash-password',
  ] as const

  test('the help lists every command and the exit codes', async () => {
    const { code, stdout } = await magik(['--help'])
    expect(code).toBe(0)
    for (const command of commands) expect(stdout).toContain(command)
    expect(stdout).toContain('Exit codes:')
  })

  test.each(commands)('%s has help with an example', (name) => {
    // when its help is printed
    const command = buildProgram().commands.find((each) => each.name() === name)
    let help = ''
    command?.configureOutput({ writeOut: (text) => (help += text) }).outputHelp()
    // then it says how to use it
    expect(help).toMatch(new RegExp(`Examples?:\\n {2}\\$ magik ${name}`))
    expect(help).toContain('Exit codes:')
  })

  test('a wrong command and a wrong option are wrong usage: 2', async () => {
    const command = await magik(['strat'])
    expect(command.code).toBe(2)
    expect(command.stderr).toContain('start')
    const option = await magik(['start', '--inti'])
    expect(option.code).toBe(2)
    expect(option.stderr).toContain('--init')
  })

  test('--version prints it', async () => {
    expect(await magik(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })
})

describe('check-config', () => {
  test('a valid configuration: 0, with its warnings', async () => {
    writeConfig('email: {notif_from: a}\n')
    const { code, stdout, stderr } = await magik(['check-config'])
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'homeserver.yaml: valid\n' })
    expect(stderr).toBe('warning: options that this release does not act on yet: email\n')
  })

  test('a wrong one: 1, with path, expectation and line, and no stack', async () => {
    const path = writeConfig('enable_registration: sometimes\n')
    const { code, stderr } = await magik(['check-config', '--config-path', path])
    expect(code).toBe(1)
    expect(stderr).toBe(`error: enable_registration: expected true or false, found "sometimes" (${path}:3)\n`)
  })

  test('none: 1', async () => {
    const { code, stderr } = await magik(['check-config'])
    expect(code).toBe(1)
    expect(stderr).toContain('there is no homeserver.yaml')
  })

  test('--read prints one option', async () => {
    writeConfig('')
    expect((await magik(['check-config', '--read', 'password_config.policy.minimum_length'])).stdout).toBe('0\n')
    expect((await magik(['check-config', '--read', 'password_config.polcy'])).code).toBe(1)
  })
})

describe('generate-config', () => {
  test('what it writes is valid, private, and never overwritten', async () => {
    // when a configuration is generated
    const path = join(folder, 'etc/homeserver.yaml')
    const args = ['generate-config', '-H', 'example.com', '--data-directory', '/var/lib/magik', '-o', path]
    expect(await magik(args)).toMatchObject({ code: 0, stdout: '' })
    // then it can be used
    const { config, warnings } = loadConfig({ paths: [path] })
    expect(warnings).toEqual([])
    expect(config).toMatchObject({ server_name: 'example.com', enable_registration: false, report_stats: false })
    expect(config.database.args.database).toBe('/var/lib/magik/homeserver.db')
    expect(config.registration_shared_secret).toMatch(/^[\w-]{43}$/)
    expect(statSync(path).mode & 0o777).toBe(0o600)
    // and a second time nothing is lost
    expect(await magik(args)).toMatchObject({ code: 1, stderr: expect.stringContaining('EEXIST') })
  })

  test('every one has secrets of its own', async () => {
    const args = ['generate-config', '-H', 'example.com']
    const [first, second] = await Promise.all([magik(args), magik(args)])
    expect(first.stdout).not.toBe(second.stdout)
  })

  test('without a server name: 2', async () => {
    expect((await magik(['generate-config'])).code).toBe(2)
  })
})

test('generate-signing-key prints a key in the form of signing_key_path', async () => {
  const { code, stdout } = await magik(['generate-signing-key'])
  expect(code).toBe(0)
  expect(parseSigningKeyFile(stdout)[0].keyId).toMatch(/^ed25519:a_\w{4}$/)
})

describe('hash-password', () => {
  test('the pepper of the configuration is part of the hash', async () => {
    writeConfig('password_config: {pepper: salty}\n')
    const { code, stdout } = await magik(['hash-password', '-c', 'homeserver.yaml'], 'wonderland\n')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^\$argon2id\$/)
    expect(await verify(stdout.trim(), 'wonderlandsalty')).toBe(true)
  })

  test('no password: 2', async () => {
    expect((await magik(['hash-password'])).code).toBe(2)
  })
})

describe('first start', () => {
  test('writes a usable configuration, a signing key and the data folder, once', () => {
    // given an empty folder
    const path = join(folder, 'homeserver.yaml')
    // when a server is prepared there
    createConfigFile(path, 'localhost')
    const { config, warnings } = loadConfig({ paths: [path], cwd: folder })
    const made = createMissingFiles(config)
    // then everything it names is there, and secrets are private
    expect(warnings).toEqual([])
    expect(made).toEqual([join(folder, 'homeserver.signing.key'), join(folder, 'data')])
    expect(parseSigningKeyFile(readFileSync(config.signing_key_path, 'utf8'))).toHaveLength(1)
    for (const secret of [path, config.signing_key_path]) expect(statSync(secret).mode & 0o777).toBe(0o600)
    // and nothing is made again
    expect(createMissingFiles(config)).toEqual([])
    expect(() => createConfigFile(path, 'localhost')).toThrow('EEXIST')
  })

  test('a server name that is none leaves nothing behind: 1', async () => {
    const { code, stderr } = await magik(['start', '--init', '--server-name', 'https://example.com'])
    expect(code).toBe(1)
    expect(stderr).toContain('server_name: expected a host name')
    expect(readdirSync(folder)).toEqual([])
  })

  test('start without a configuration tells how to make one: 1', async () => {
    const { code, stderr } = await magik(['start'])
    expect(code).toBe(1)
    expect(stderr).toContain('`magik start --init` makes one')
  })

  test('start refuses open registration without verification: 1', async () => {
    writeConfig('enable_registration: true\n')
    const { code, stderr } = await magik(['start'])
    expect(code).toBe(1)
    expect(stderr).toContain('enable_registration_without_verification')
  })
})

describe('register-user', () => {
  const SECRET = 'a shared secret'

  /** A server with one account, alice, that knows the secret. Hands over what it was asked for. */
  async function withServer(run: (url: string, requests: Record<string, unknown>[]) => Promise<void>): Promise<void> {
    const requests: Record<string, unknown>[] = []
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const answer = (status: number, body: object) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
        }
        if (request.method === 'GET') return answer(200, { nonce: 'n0nce' })
        const body: Record<string, unknown> = JSON.parse(Buffer.concat(chunks).toString())
        requests.push(body)
        const fields = [body['nonce'], body['username'], body['password'], body['admin'] ? 'admin' : 'notadmin']
        if (body['user_type'] !== undefined) fields.push(body['user_type'])
        const mac = createHmac('sha1', SECRET).update(fields.join('\0')).digest('hex')
        if (body['mac'] !== mac) return answer(403, { errcode: 'M_UNKNOWN', error: 'HMAC incorrect' })
        if (body['username'] === 'alice')
          return answer(400, { errcode: 'M_USER_IN_USE', error: 'User ID already taken.' })
        return answer(200, { user_id: `@${body['username']}:example.com` })
      })
    })
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const { port } = server.address() as AddressInfo
    try {
      await run(`http://127.0.0.1:${port}`, requests)
    } finally {
      server.close()
    }
  }

  test('proves that it knows the secret of the configuration', async () => {
    await withServer(async (url, requests) => {
      // given a configuration whose only plain listener is that server, and a password in a file
      const { port } = new URL(url)
      writeConfig(`registration_shared_secret: ${SECRET}
listeners: [{port: ${port}, bind_addresses: ['127.0.0.1'], type: http, resources: [{names: [client]}]}]
`)
      writeFileSync(join(folder, 'password'), 'p4ss\n')
      // when an administrator is made
      const outcome = await magik(['register-user', '-u', 'root', '--password-file', 'password', '-a', '-t', 'bot'])
      // then the server accepts
      expect(outcome).toMatchObject({ code: 0, stdout: 'made @root:example.com, an administrator\n' })
      expect(requests).toEqual([
        expect.objectContaining({ username: 'root', password: 'p4ss', admin: true, user_type: 'bot' }),
      ])
    })
  })

  test('the password may come through standard input, the secret by option', async () => {
    await withServer(async (url, requests) => {
      const args = ['register-user', '-u', 'bob', '--password-file', '-', '--no-admin', '-k', SECRET, url]
      expect(await magik(args, 'from a pipe\n')).toMatchObject({ code: 0, stdout: 'made @bob:example.com\n' })
      expect(requests).toEqual([expect.objectContaining({ password: 'from a pipe', admin: false })])
    })
  })

  test('a name that is taken: 1, or 0 with --exists-ok', async () => {
    await withServer(async (url) => {
      const args = ['register-user', '-u', 'alice', '-p', 'p', '--no-admin', '-k', SECRET, url]
      const refused = await magik(args)
      expect(refused.code).toBe(1)
      expect(refused.stderr).toBe('error: the server refused: User ID already taken. (M_USER_IN_USE)\n')
      expect(await magik([...args, '--exists-ok'])).toMatchObject({ code: 0, stdout: 'alice exists already\n' })
    })
  })

  test('a wrong secret, and a server that is not there: 1', async () => {
    await withServer(async (url) => {
      const args = ['register-user', '-u', 'bob', '-p', 'p', '--no-admin', '-k', 'wrong']
      expect((await magik([...args, url])).stderr).toContain('HMAC incorrect')
    })
    const args = ['register-user', '-u', 'bob', '-p', 'p', '--no-admin', '-k', 'wrong', 'http://127.0.0.1:2']
    const { code, stderr } = await magik(args)
    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^error: cannot reach http:\/\/127\.0\.0\.1:2\S* \(ECONNREFUSED\): is the server running\?\n$/,
    )
  })

  test('without a terminal nothing is asked: 2', async () => {
    const { code, stderr } = await magik(['register-user', '-k', SECRET, 'http://127.0.0.1:1'])
    expect(code).toBe(2)
    expect(stderr).toContain('--user is missing')
  })
})
