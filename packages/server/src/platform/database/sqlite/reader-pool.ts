import type { Worker } from 'node:worker_threads'
import {
  DatabaseBusyError,
  DatabaseError,
  DatabaseUnavailableError,
  ReadTimeoutError,
  errorMessage,
} from '../errors.ts'
import type { ReaderReply, ReaderThreadOptions, ScanRequest } from './messages.ts'
import { startThread } from './thread.ts'

/** A reply that carries a scan's result. */
export type ScanReply = Extract<ReaderReply, { kind: 'rows' | 'json' }>

/** Size of the pool and bound of its queue. */
export interface ReaderPoolOptions {
  readonly threads: number
  readonly queuedScans: number
}

interface Scan {
  readonly request: ScanRequest
  readonly resolve: (reply: ScanReply) => void
  readonly reject: (error: DatabaseError) => void
}

/** A reader looks at the clock between rows; one that overstays by more than this is stuck within a row. */
const OVERSTAY_MS = 500

/** A thread that dies this many times in a row before it is ready will not come up. */
const MAX_FAILED_STARTS = 3

/** Runs scans in threads of their own, in order of arrival. A thread that dies or gets stuck is replaced. */
export class ReaderPool {
  readonly #threadOptions: ReaderThreadOptions
  readonly #options: ReaderPoolOptions
  readonly #queue: Scan[] = []
  readonly #idle: ReaderThread[] = []
  readonly #threads = new Set<ReaderThread>()
  readonly #underway = new Set<Promise<unknown>>()
  #failedStarts = 0
  #closed: DatabaseError | undefined

  private constructor(threadOptions: ReaderThreadOptions, options: ReaderPoolOptions) {
    this.#threadOptions = threadOptions
    this.#options = options
  }

  /** @throws DatabaseError if a reader cannot open the database or load the formatters. */
  static async open(threadOptions: ReaderThreadOptions, options: ReaderPoolOptions): Promise<ReaderPool> {
    const pool = new ReaderPool(threadOptions, options)
    try {
      await Promise.all(Array.from({ length: options.threads }, () => pool.#start()))
    } catch (error) {
      await pool.close()
      throw error
    }
    return pool
  }

  /** @throws DatabaseBusyError, ReadTimeoutError; DatabaseError if the statement or the thread fails. */
  scan(request: ScanRequest): Promise<ScanReply> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    if (this.#queue.length >= this.#options.queuedScans) {
      return Promise.reject(new DatabaseBusyError('too many scans are waiting'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<ScanReply>()
    this.#queue.push({ request, resolve, reject })
    this.#dispatch()
    const settled = promise.catch(() => undefined).finally(() => this.#underway.delete(settled))
    this.#underway.add(settled)
    return promise
  }

  /** Waits for the scans under way, then ends the threads. */
  async close(): Promise<void> {
    this.#closed ??= new DatabaseUnavailableError('the database is closed')
    await Promise.all(this.#underway)
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#idle.pop()
      if (thread === undefined) return
      if (!thread.isAlive) {
        void this.#replace(thread)
        continue
      }
      const scan = this.#queue.shift()
      if (scan !== undefined) void this.#run(thread, scan)
    }
  }

  async #run(thread: ReaderThread, { request, resolve, reject }: Scan): Promise<void> {
    const reply = await thread.run(request)
    if (reply.kind === 'rows' || reply.kind === 'json') resolve(reply)
    else reject(scanError(reply, request))
    if (thread.isAlive) {
      this.#idle.push(thread)
      this.#dispatch()
    } else await this.#replace(thread)
  }

  async #replace(thread: ReaderThread): Promise<void> {
    this.#threads.delete(thread)
    while (this.#closed === undefined && this.#threads.size < this.#options.threads) {
      try {
        await this.#start()
      } catch (error) {
        if (this.#failedStarts < MAX_FAILED_STARTS) continue
        this.#closed = new DatabaseUnavailableError('reader threads do not start any more', { cause: error })
        for (const { reject } of this.#queue.splice(0)) reject(this.#closed)
      }
    }
  }

  async #start(): Promise<void> {
    const thread = new ReaderThread(this.#threadOptions)
    this.#threads.add(thread)
    const reply = await thread.opened
    if (reply.kind === 'open') {
      this.#failedStarts = 0
      this.#idle.push(thread)
      this.#dispatch()
      return
    }
    this.#failedStarts += 1
    this.#threads.delete(thread)
    await thread.end()
    const error = 'error' in reply ? reply.error : undefined
    throw new DatabaseError(`a reader cannot start: ${errorMessage(error)}`, { cause: error })
  }
}

/** One thread; what it is asked always gets an answer, if need be that the thread is lost. */
class ReaderThread {
  readonly #thread: Worker
  readonly opened: Promise<ReaderReply>
  #isAlive = true
  #settle: (reply: ReaderReply) => void

  constructor(options: ReaderThreadOptions) {
    const { promise, resolve } = Promise.withResolvers<ReaderReply>()
    this.opened = promise
    this.#settle = resolve
    this.#thread = startThread('reader-thread', options)
    let cause: unknown
    this.#thread.on('message', (reply: ReaderReply) => this.#settle(reply))
    this.#thread.on('error', (error) => {
      cause = error
    })
    this.#thread.on('exit', () => {
      this.#isAlive = false
      this.#settle({ kind: 'failed', error: new Error('the reader thread is lost', { cause }) })
    })
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  async run(request: ScanRequest): Promise<ReaderReply> {
    const { promise, resolve } = Promise.withResolvers<ReaderReply>()
    this.#settle = resolve
    // Time on the wall: however a server's clock is moved, a query that hangs must not hang on to its thread.
    const overstay = AbortSignal.timeout(request.timeLimitMs + OVERSTAY_MS)
    const abandon = () => {
      this.#isAlive = false
      resolve({ kind: 'timed_out' })
      void this.end()
    }
    overstay.addEventListener('abort', abandon, { once: true })
    this.#thread.postMessage(request)
    const reply = await promise
    overstay.removeEventListener('abort', abandon)
    return reply
  }

  async end(): Promise<void> {
    this.#isAlive = false
    await this.#thread.terminate()
  }
}

function scanError(reply: ReaderReply, request: ScanRequest): DatabaseError {
  if (reply.kind === 'timed_out')
    return new ReadTimeoutError(`${request.name} took longer than ${request.timeLimitMs} ms`)
  const error = reply.kind === 'failed' ? reply.error : new Error(`the reader answered something else: ${reply.kind}`)
  return new DatabaseError(`${request.name}: ${errorMessage(error)}`, { cause: error })
}
