import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe } from 'vitest'
import { readsContract } from '../../src/platform/database/testing-reads-contract.ts'
import { writesContract } from '../../src/platform/database/testing-writes-contract.ts'
import { until } from '../harness/index.ts'
import { freePort, runSql } from './cluster.ts'
import { installed, serverUser } from './debian.ts'
import { clusterUrl, emptyDatabase, openTestDatabase } from './open-database.ts'

/** So few that every client soon meets what another has left behind. */
const SERVER_CONNECTIONS = 2

/** PgBouncer before the run's server: a connection belongs to a client for one transaction only. */
class Pooler {
  readonly #folder = mkdtempSync(join(tmpdir(), 'magik-pooler-'))
  #process: ChildProcess | undefined
  #port = 0

  async start(): Promise<void> {
    const binary = installed('pgbouncer', () =>
      ['/usr/sbin/pgbouncer', '/usr/bin/pgbouncer'].find((path) => existsSync(path)),
    )
    const user = serverUser()
    this.#port = await freePort()
    const target = new URL(clusterUrl())
    const users = join(this.#folder, 'users')
    const config = join(this.#folder, 'pgbouncer.ini')
    writeFileSync(users, '"postgres" ""\n')
    writeFileSync(
      config,
      `[databases]
* = host=${target.hostname} port=${target.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${this.#port}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = ${SERVER_CONNECTIONS}
max_client_conn = 200
`,
    )
    if (user !== undefined) for (const path of [this.#folder, users, config]) chownSync(path, user.uid, user.gid)
    this.#process = spawn(binary, ['-q', config], { ...user, stdio: 'ignore', cwd: this.#folder })
    const url = this.urlOf(new URL(clusterUrl())).href
    await until('the pooler answers', () =>
      runSql(url, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    )
  }

  /** The same database, by way of the pooler. */
  urlOf(database: URL): URL {
    const url = new URL(database)
    url.port = String(this.#port)
    return url
  }

  async stop(): Promise<void> {
    if (this.#process !== undefined) {
      const exited = once(this.#process, 'exit')
      this.#process.kill('SIGQUIT')
      await exited
    }
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

describe('through a pooler that lends connections per transaction', () => {
  const pooler = new Pooler()
  beforeAll(() => pooler.start())
  afterAll(() => pooler.stop())

  const open: typeof openTestDatabase = async (options) => {
    const connection = { connectionString: pooler.urlOf(await emptyDatabase()).href }
    return openTestDatabase({ wakeUps: false, ...options, connection })
  }
  writesContract(open)
  readsContract(open)
})
