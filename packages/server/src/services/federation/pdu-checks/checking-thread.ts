import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Clock } from '../../../platform/clock/clock.ts'
import type { CheckReply, CheckRequest } from './messages.ts'

/** Starts the thread's module, as source or as emitted JavaScript, whichever runs. */
export function startCheckThread(): Worker {
  return new Worker(new URL(`./check-thread${extname(import.meta.url)}`, import.meta.url), { name: 'pdu checks' })
}

/** One thread; what it is asked always gets an answer, if need be that the thread is lost. */
export class CheckingThread {
  readonly #worker: Worker
  readonly #clock: Clock
  #isAlive = true
  #settle: (reply: CheckReply) => void = () => {}

  constructor(worker: Worker, clock: Clock) {
    this.#worker = worker
    this.#clock = clock
    let cause: unknown
    worker.on('message', (reply: CheckReply) => this.#settle(reply))
    worker.on('error', (error) => {
      cause = error
    })
    worker.on('exit', () => this.#lose(new Error('the checking thread is lost', { cause })))
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** @param timeLimitMs after which the thread is given up. */
  async run(request: CheckRequest, timeLimitMs: number): Promise<CheckReply> {
    if (!this.#isAlive) return { kind: 'failed', error: new Error('the checking thread is lost') }
    const { promise, resolve } = Promise.withResolvers<CheckReply>()
    this.#settle = resolve
    const overstay = this.#clock.setTimeout(() => {
      this.#lose(new Error(`the checks took longer than ${timeLimitMs} ms`))
      void this.end()
    }, timeLimitMs)
    this.#worker.postMessage(request)
    const reply = await promise
    overstay.cancel()
    return reply
  }

  async end(): Promise<void> {
    this.#isAlive = false
    await this.#worker.terminate()
  }

  #lose(error: Error): void {
    this.#isAlive = false
    this.#settle({ kind: 'failed', error })
  }
}
