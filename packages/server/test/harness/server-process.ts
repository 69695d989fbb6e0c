import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createDatabase } from './postgres.ts'
import { testConfig } from './server.ts'
import { overHttp, type Transport } from './transport.ts'
import { User } from './user.ts'

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts')

/** A server in a process of its own, as an administrator runs it. */
export interface ServerProcess {
  readonly baseUrl: string
  readonly port: number
  readonly transport: Transport
  register(localpart: string): Promise<User>
  /** As a power cut or the kernel would: nothing is finished. */
  kill(): Promise<void>
  /** SIGTERM: what is under way is finished. @returns the exit code */
  stop(): Promise<number | null>
}

/**
 * Runs `magik start` on a folder; a second start on the same folder goes on where the first ended. Gone after the test.
 * @param port a free one if left out.
 */
export async function startProcess(
  folder: string,
  options: { port?: number; config?: object } = {},
): Promise<ServerProcess> {
  const listener = {
    port: options.port ?? 0,
    bind_addresses: ['127.0.0.1'],
    type: 'http',
    resources: [{ names: ['client', 'federation'] }],
  }
  const configPath = join(folder, 'homeserver.yaml')
  await createDatabase(folder)
  // JSON is YAML.
  writeFileSync(configPath, JSON.stringify(testConfig(folder, { listeners: [listener], ...options.config })))
  const child = spawn(process.execPath, [MAIN, 'start', '-c', configPath], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exited = once(child, 'exit')
  onTestFinished(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  })
  const baseUrl = await listeningAt(child)
  const transport = overHttp(baseUrl)
  return {
    baseUrl,
    port: Number(new URL(baseUrl).port),
    transport,
    register: (localpart) => User.register(transport, localpart),
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
}

/** Waits for the line that says where the server listens. */
function listeningAt(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text
      const url = /is listening on (http:\/\/[^\s,]+)/.exec(said)?.[1]
      if (url !== undefined) resolve(url)
    })
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened: ${said}`)))
  })
}
