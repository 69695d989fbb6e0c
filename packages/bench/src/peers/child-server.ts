import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream, rmSync, type WriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Clock, resolvesWithin } from '../clock.ts'

const START_LIMIT_MS = 90_000
const STOP_LIMIT_MS = 20_000
const POLL_INTERVAL_MS = 50
const READY_ANSWER_MS = 5_000

export interface ChildCommand {
  readonly executable: string
  readonly args: readonly string[]
}

/** A server process of our own, with a temporary folder for its data. */
export class ChildServer {
  readonly #name: string
  readonly #clock: Clock
  #child: ChildProcess | undefined
  #log: WriteStream | undefined
  #folder: string | undefined

  constructor(name: string, clock: Clock) {
    this.#name = name
    this.#clock = clock
  }

  /** Makes the temporary folder of the next start. @returns its absolute path. */
  async makeFolder(): Promise<string> {
    this.#folder = await mkdtemp(join(tmpdir(), `magik-bench-${this.#name}-`))
    return this.#folder
  }

  /**
   * Starts the command within the temporary folder and waits until the URL answers with status 200.
   * @returns the process ID.
   * @throws Error with the end of the server's output if it ends or does not answer in time.
   */
  async start(command: ChildCommand, readyUrl: string): Promise<number> {
    const folder = this.#folder
    if (folder === undefined) throw new Error('makeFolder comes before start')
    const logPath = join(folder, 'output.log')
    this.#log = createWriteStream(logPath)
    const child = spawn(command.executable, [...command.args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    this.#child = child
    child.stdout.pipe(this.#log, { end: false })
    child.stderr.pipe(this.#log, { end: false })
    let spawnFailure: Error | undefined
    child.on('error', (error) => {
      spawnFailure = error
    })
    const deadlineMs = this.#clock.now() + START_LIMIT_MS
    while (!(await answers(readyUrl, this.#clock))) {
      const ended = spawnFailure !== undefined || hasEnded(child)
      if (ended || this.#clock.now() > deadlineMs) {
        const output = await readFile(logPath, 'utf8').catch(() => '')
        const what = ended ? 'ended before it answered' : 'did not answer in time'
        throw new Error(`${this.#name} ${what}; its output ends with:\n${output.slice(-3_000)}`, {
          cause: spawnFailure,
        })
      }
      await this.#clock.sleep(POLL_INTERVAL_MS)
    }
    if (child.pid === undefined) throw new Error(`${this.#name} has no process ID`)
    return child.pid
  }

  /** Asks the process to end, kills it if it does not, and removes the folder. */
  async stop(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child !== undefined && child.pid !== undefined && !hasEnded(child)) {
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGTERM')
      if (!(await resolvesWithin(this.#clock, STOP_LIMIT_MS, ended))) {
        child.kill('SIGKILL')
        await ended
      }
    }
    this.#log?.end()
    const folder = this.#folder
    this.#folder = undefined
    if (folder !== undefined) await rm(folder, { recursive: true, force: true })
  }

  /** For the last moments of this process, when nothing can be awaited any more. */
  kill(): void {
    this.#child?.kill('SIGKILL')
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true })
  }
}

/** @returns a TCP port of the loopback address that nobody listens on at the moment. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port)
        else reject(new Error('no port was given'))
      })
    })
  })
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

/** Whether the server answers; one that takes longer than a few seconds to is not ready yet. */
async function answers(url: string, clock: Clock): Promise<boolean> {
  const patience = new AbortController()
  void clock.sleep(READY_ANSWER_MS, patience.signal).then(() => patience.abort())
  try {
    const response = await fetch(url, { signal: patience.signal })
    await response.arrayBuffer()
    return response.status === 200
  } catch {
    return false
  } finally {
    patience.abort()
  }
}
