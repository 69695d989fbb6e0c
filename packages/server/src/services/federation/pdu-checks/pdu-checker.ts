import type { Worker } from 'node:worker_threads'
import type { Clock } from '../../../platform/clock/clock.ts'
import { type CheckLimits, CheckQueue, type QueuedCheck } from './check-queue.ts'
import { CheckingThread, startCheckThread } from './checking-thread.ts'
import type { PduCheck, PduCheckResult } from './messages.ts'

/** Size and bounds of the pool. */
export interface PduCheckerOptions extends CheckLimits {
  /** Most threads; one starts when there is work for it. */
  readonly threads: number
  /** How long a batch may take before its thread is given up. */
  readonly batchTimeoutMs: number
  /** How long `close` waits for what is under way. */
  readonly closeTimeoutMs: number
  readonly startThread: () => Worker
  readonly clock: Clock
}

const DEFAULTS = {
  threads: 1,
  queuedChecks: 10_000,
  queuedBytes: 64 * 1024 * 1024,
  batchChecks: 50,
  batchBytes: 1024 * 1024,
  batchTimeoutMs: 30_000,
  closeTimeoutMs: 10_000,
  startThread: startCheckThread,
} satisfies Partial<PduCheckerOptions>

/** Events could not be checked, for a reason that is none of theirs. To try again may help. */
export class PduCheckError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'PduCheckError'
  }
}

/**
 * Checks format, signatures and hash of received events off the main thread, in batches, in order of arrival. A thread
 * that dies or gets stuck fails its batch and is replaced.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export class PduChecker {
  readonly #options: PduCheckerOptions
  readonly #queue: CheckQueue
  readonly #idle: CheckingThread[] = []
  readonly #threads = new Set<CheckingThread>()
  readonly #underWay = new Set<readonly QueuedCheck[]>()
  #drained: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(options: Pick<PduCheckerOptions, 'clock'> & Partial<PduCheckerOptions>) {
    this.#options = { ...DEFAULTS, ...options }
    this.#queue = new CheckQueue(this.#options)
  }

  /**
   * Checks events, such as a transaction's. More than the queue holds are for the caller to split.
   * @returns one result per event, in their order.
   * @throws MatrixError M_LIMIT_EXCEEDED with status 503 if too much is waiting; PduCheckError if the thread is lost or
   *   the checker is closed; RangeError if these alone are more than the queue holds.
   */
  async check(checks: readonly PduCheck[]): Promise<readonly PduCheckResult[]> {
    if (this.#closing !== undefined) throw closed()
    const results = this.#queue.add(checks)
    this.#dispatch()
    return results
  }

  /** How many checks wait for a thread. */
  get waiting(): number {
    return this.#queue.length
  }

  /** Refuses what comes from now on, waits for what has been taken, but not for ever, then ends the threads. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    if (this.#queue.length > 0 || this.#underWay.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#drained = resolve
      const tooLong = this.#options.clock.setTimeout(resolve, this.#options.closeTimeoutMs)
      await promise
      tooLong.cancel()
    }
    this.#queue.fail(closed())
    for (const batch of this.#underWay) fail(batch, closed())
    await Promise.all([...this.#threads].map((thread) => thread.end()))
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const thread = this.#freeThread()
      if (thread === undefined) break
      const batch = this.#queue.take()
      if (batch.length > 0) void this.#run(thread, batch)
      else this.#idle.push(thread)
    }
    if (this.#underWay.size === 0) this.#drained?.()
  }

  /** A thread to work on, started if there may be another. If none can be started at all, what waits is refused. */
  #freeThread(): CheckingThread | undefined {
    try {
      return this.#idleThread() ?? this.#newThread()
    } catch (cause) {
      if (this.#threads.size > 0) return undefined
      this.#queue.fail(new PduCheckError('no thread for checks can be started', { cause }))
      return undefined
    }
  }

  #idleThread(): CheckingThread | undefined {
    for (let thread = this.#idle.pop(); thread !== undefined; thread = this.#idle.pop()) {
      if (thread.isAlive) return thread
      this.#threads.delete(thread)
    }
    return undefined
  }

  #newThread(): CheckingThread | undefined {
    if (this.#threads.size >= this.#options.threads) return undefined
    const thread = new CheckingThread(this.#options.startThread(), this.#options.clock)
    this.#threads.add(thread)
    return thread
  }

  async #run(thread: CheckingThread, batch: readonly QueuedCheck[]): Promise<void> {
    this.#underWay.add(batch)
    const reply = await thread.run({ checks: batch.map(({ check }) => check) }, this.#options.batchTimeoutMs)
    this.#underWay.delete(batch)
    if (reply.kind === 'results') settle(batch, reply.results)
    else fail(batch, new PduCheckError('events could not be checked', { cause: reply.error }))
    if (thread.isAlive) this.#idle.push(thread)
    else this.#threads.delete(thread)
    this.#dispatch()
  }
}

function settle(batch: readonly QueuedCheck[], results: readonly PduCheckResult[]): void {
  batch.forEach(({ group, index }, position) => {
    const result = results[position]
    if (result === undefined) group.fail(new PduCheckError('a check was left without a result'))
    else group.add(index, result)
  })
}

function fail(batch: readonly QueuedCheck[], error: PduCheckError): void {
  for (const { group } of batch) group.fail(error)
}

function closed(): PduCheckError {
  return new PduCheckError('the checker is closed')
}
