import { MatrixError } from '@magik/protocol'
import type { PduCheck, PduCheckResult } from './messages.ts'

/** Bounds of the queue and of one batch. Bytes are those of the events' JSON. */
export interface CheckLimits {
  readonly queuedChecks: number
  readonly queuedBytes: number
  readonly batchChecks: number
  readonly batchBytes: number
}

/** Some events whose results are asked for together. */
class CheckGroup {
  readonly #results: PduCheckResult[] = []
  readonly #outcome = Promise.withResolvers<readonly PduCheckResult[]>()
  #missing: number
  #isSettled = false

  constructor(size: number) {
    this.#missing = size
  }

  get results(): Promise<readonly PduCheckResult[]> {
    return this.#outcome.promise
  }

  /** Nobody waits for it any more. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  add(index: number, result: PduCheckResult): void {
    this.#results[index] = result
    this.#missing -= 1
    if (this.#missing > 0) return
    this.#isSettled = true
    this.#outcome.resolve(this.#results)
  }

  fail(error: Error): void {
    this.#isSettled = true
    this.#outcome.reject(error)
  }
}

/** A check with the place its result goes to. */
export interface QueuedCheck {
  readonly check: PduCheck
  readonly bytes: number
  readonly index: number
  readonly group: CheckGroup
}

/** Checks that wait for a thread, in order of arrival. */
export class CheckQueue {
  readonly #limits: CheckLimits
  #waiting: QueuedCheck[] = []
  #bytes = 0

  constructor(limits: CheckLimits) {
    this.#limits = limits
  }

  get length(): number {
    return this.#waiting.length
  }

  /**
   * Adds checks at the end: all of them or none.
   * @throws MatrixError M_LIMIT_EXCEEDED with status 503 if the queue has no room for them now.
   * @throws RangeError if it never will.
   */
  add(checks: readonly PduCheck[]): Promise<readonly PduCheckResult[]> {
    if (checks.length === 0) return Promise.resolve([])
    const group = new CheckGroup(checks.length)
    const added = checks.map((check, index) => ({ check, bytes: Buffer.byteLength(check.json), index, group }))
    const bytes = added.reduce((sum, queued) => sum + queued.bytes, 0)
    const { queuedChecks, queuedBytes } = this.#limits
    if (checks.length > queuedChecks || bytes > queuedBytes) throw new RangeError('too many checks asked for at once')
    if (this.#waiting.length + checks.length > queuedChecks || this.#bytes + bytes > queuedBytes) {
      throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many events are being checked', {
        status: 503,
        fields: { retry_after_ms: 1_000 },
      })
    }
    this.#waiting.push(...added)
    this.#bytes += bytes
    return group.results
  }

  /** Takes the next batch; empty if nothing waits. Checks whose group has failed already are left out. */
  take(): QueuedCheck[] {
    const { batchChecks, batchBytes } = this.#limits
    const batch: QueuedCheck[] = []
    let bytes = 0
    let taken = 0
    for (const queued of this.#waiting) {
      if (batch.length === batchChecks || (batch.length > 0 && bytes + queued.bytes > batchBytes)) break
      taken += 1
      this.#bytes -= queued.bytes
      if (queued.group.isSettled) continue
      batch.push(queued)
      bytes += queued.bytes
    }
    this.#waiting.splice(0, taken)
    return batch
  }

  /** Refuses everything that waits. */
  fail(error: Error): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#bytes = 0
    for (const { group } of waiting) group.fail(error)
  }
}
