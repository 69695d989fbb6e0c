import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createMissingFiles } from '../../src/cli/first-start.ts'
import { ManualClock } from '../../src/platform/clock/manual-clock.ts'
import { configFromObject } from '../../src/platform/config/index.ts'
import { silentLogger } from '../../src/platform/log/logger.ts'
import { createServer, type Server, type ServerSurroundings } from '../../src/server.ts'
import { Client } from './client.ts'
import { createDatabase, dropDatabase, postgresOption } from './postgres.ts'
import { inProcess, overHttp, type Transport } from './transport.ts'
import { User } from './user.ts'

/** What a test server is made with. */
export interface TestServerOptions<Name extends string> {
  /** Registered before the test begins; each is a member of the server. */
  readonly users?: readonly Name[]
  /** Options of `homeserver.yaml` that differ from those of tests. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Hand-moved unless `system`. */
  readonly clock?: 'system'
  /** Requests go through a listener on loopback instead of straight into the router. */
  readonly overHttp?: boolean
  readonly surroundings?: ServerSurroundings
  /** Where the server keeps its files; a temporary folder that is gone after the test if left out. */
  readonly folder?: string
}

/** A whole server, of which the test sees what a client sees, and a little more. */
export interface RunningServer {
  readonly server: Server
  readonly clock: ManualClock
  readonly transport: Transport
  /** Somebody without an account. */
  readonly anybody: Client
  /** Of the listener, when there is one. */
  readonly baseUrl: string
  readonly folder: string
  register(localpart: string): Promise<User>
  /** Registers any number: no more at once than the server queues passwords. */
  registerMany(localparts: readonly string[]): Promise<User[]>
  /** Stops the server; a test does so only to start another on the same folder. */
  stop(): Promise<void>
}

export const SERVER_NAME = 'example.org'

const REGISTRATIONS_AT_ONCE = 100

/**
 * Starts a whole server on a database file of its own. It stops by itself after the test.
 *
 *     const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
 */
export async function testServer<const Name extends string = never>(
  options: TestServerOptions<Name> = {},
): Promise<RunningServer & Record<Name, User>> {
  const running = await startTestServer({ ...options, folder: options.folder ?? temporaryFolder() })
  onTestFinished(running.stop)
  return running
}

/** Like `testServer`, but for a server that several tests share: whoever started it stops it and removes its folder. */
export async function startTestServer<const Name extends string = never>(
  options: TestServerOptions<Name> & { readonly folder: string },
): Promise<RunningServer & Record<Name, User>> {
  const { folder } = options
  const config = configFromObject(testConfig(folder, options.config), { cwd: folder })
  createMissingFiles(config)
  await createDatabase(folder)
  const clock = new ManualClock()
  const server = await createServer(config, {
    ...(options.clock !== 'system' && { clock, randomBytes: seededBytes() }),
    logger: silentLogger(),
    ...options.surroundings,
    database: { synchronous: 'OFF', strictReads: true, ...options.surroundings?.database },
  })
  let stopping: Promise<void> | undefined
  const stop = () => (stopping ??= server.stop())
  let baseUrl = ''
  if (options.overHttp === true) baseUrl = (await server.start()).listening[0] ?? ''
  else await server.http.ready()
  const transport = options.overHttp === true ? overHttp(baseUrl) : inProcess(server.http)
  const register = (localpart: string) => User.register(transport, localpart)
  const registerMany = async (localparts: readonly string[]) => {
    const registered: User[] = []
    for (let start = 0; start < localparts.length; start += REGISTRATIONS_AT_ONCE) {
      const some = localparts.slice(start, start + REGISTRATIONS_AT_ONCE)
      registered.push(...(await Promise.all(some.map(register))))
    }
    return registered
  }
  const users = await Promise.all((options.users ?? []).map(async (name) => [name, await register(name)] as const))
  const anybody = new Client(transport)
  const running: RunningServer = { server, clock, transport, anybody, baseUrl, folder, register, registerMany, stop }
  return Object.assign(running, byName(users))
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'magik-test-'))
  onTestFinished(async () => {
    rmSync(folder, { recursive: true, force: true })
    await dropDatabase(folder)
  })
  return folder
}

/** The options of a server whose files are in a folder, as they would stand in `homeserver.yaml`. */
export function testConfig(
  folder: string,
  overrides: Readonly<Record<string, unknown>> = {},
): { server_name: string } & Record<string, unknown> {
  return {
    server_name: SERVER_NAME,
    report_stats: false,
    enable_registration: true,
    enable_registration_without_verification: true,
    registration_shared_secret: 'shared secret',
    // Asks for the cheapest hashes: tests make hundreds of accounts.
    bcrypt_rounds: 4,
    signing_key_path: join(folder, 'signing.key'),
    database: postgresOption(folder) ?? { name: 'sqlite3', args: { database: join(folder, 'homeserver.db') } },
    listeners: [
      { port: 0, bind_addresses: ['127.0.0.1'], type: 'http', resources: [{ names: ['client', 'federation'] }] },
    ],
    ...overrides,
  }
}

/** Bytes that are the same in every run, and never repeat within one. */
function seededBytes(): (count: number) => Uint8Array {
  let block = 0
  return (count) => {
    const blocks = Array.from({ length: Math.ceil(count / 32) }, () => {
      block += 1
      return createHash('sha256').update(`block ${block}`).digest()
    })
    return Buffer.concat(blocks).subarray(0, count)
  }
}

function byName<Name extends string>(users: readonly (readonly [Name, User])[]): Record<Name, User>
function byName(users: readonly (readonly [string, User])[]): Record<string, User> {
  return Object.fromEntries(users)
}
