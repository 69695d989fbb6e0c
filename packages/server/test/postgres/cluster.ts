import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client } from 'pg'
import { installed, serverUser } from './debian.ts'

/** A PostgreSQL server of this process's own, on a port of loopback. */
export interface Cluster {
  /** Of the database `postgres`, as its superuser. */
  readonly url: string
  /** How a connection to one of its databases is made. */
  connection(database: string): { host: string; port: number; user: string; database: string }
  /** Ends it as a power cut would. */
  crash(): Promise<void>
  /** Starts it again. */
  start(): Promise<void>
  /** Ends it and removes its files. */
  remove(): Promise<void>
}

const START_TIMEOUT_MS = 60_000

/**
 * Makes a cluster and starts it.
 * @param settings of `postgresql.conf`, over those of tests: by default nothing waits for the disk.
 */
export async function createCluster(settings: Readonly<Record<string, string | number>> = {}): Promise<Cluster> {
  const binaries = installed('postgresql', findBinaries)
  const user = serverUser()
  const folder = mkdtempSync(join(tmpdir(), 'magik-postgres-'))
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, 'data')
  const asUser = { ...user, cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C' } }
  const initdb = ['-D', data, '-A', 'trust', '-U', 'postgres', '--locale=C', '--encoding=UTF8', '--no-sync']
  execFileSync(join(binaries, 'initdb'), initdb, { ...asUser, stdio: ['ignore', 'ignore', 'inherit'] })
  const port = await freePort()
  const options = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: folder,
    max_connections: 400,
    fsync: 'off',
    synchronous_commit: 'off',
    full_page_writes: 'off',
    shared_buffers: '64MB',
    max_wal_size: '4GB',
    log_min_messages: 'fatal',
    ...settings,
  }
  const parameters = Object.entries(options).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let server: ChildProcess | undefined
  const start = async () => {
    server = spawn(join(binaries, 'postgres'), ['-D', data, ...parameters], {
      ...asUser,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2_000)
    })
    await answers(port, server, () => said)
  }
  const end = async (signal: NodeJS.Signals) => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(signal)
    await exited
  }
  const endWithProcess = () => void server?.kill('SIGQUIT')
  process.once('exit', endWithProcess)
  await start()
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    connection: (database) => ({ host: '127.0.0.1', port, user: 'postgres', database }),
    start,
    crash: () => end('SIGQUIT'),
    async remove() {
      process.off('exit', endWithProcess)
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Runs one statement on a database. */
export async function runSql<Row extends object>(url: string, text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Row>(text, values)).rows
  } finally {
    await client.end()
  }
}

function findBinaries(): string | undefined {
  const root = '/usr/lib/postgresql'
  const versions = existsSync(root) ? readdirSync(root).map(Number).filter(Number.isInteger) : []
  const folders = versions.sort((a, b) => b - a).map((version) => join(root, String(version), 'bin'))
  const paths = (process.env['PATH'] ?? '').split(':')
  return [...folders, ...paths].find((path) => existsSync(join(path, 'initdb')) && existsSync(join(path, 'postgres')))
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

async function answers(port: number, server: ChildProcess, said: () => string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS
  for (;;) {
    if (server.exitCode !== null) throw new Error(`PostgreSQL ended with ${server.exitCode}: ${said()}`)
    try {
      await runSql(`postgres://postgres@127.0.0.1:${port}/postgres`, 'SELECT 1')
      return
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`PostgreSQL does not answer: ${said()}`, { cause: error })
      await sleep(20)
    }
  }
}
