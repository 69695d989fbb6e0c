import { nextTurn } from '../../platform/clock/next-turn.ts'
import type { BoundWrite, Database, WriteResult } from '../../platform/database/database.ts'
import type { ChangeStore, NewChange } from '../../storage/change-store.ts'
import type { Schema } from '../../storage/schema.ts'

/** A durable change, with the position its commit gave it. */
export interface Change extends NewChange {
  readonly position: number
}

/** What joins the log in one commit. */
export interface LogEntry {
  readonly statements: readonly BoundWrite[]
  /** Each takes one position: the i-th is `position(i)` in the statements. */
  readonly changes: readonly NewChange[]
  /** Called with the first position once durable, before the changes are published: bring caches up to date here. */
  readonly onDurable?: (firstPosition: number) => void
}

/** Called for each change, in order of position. Must not throw and must not wait. */
export type ChangeListener = (change: Change) => void

/**
 * Makes ready for changes that other processes have committed: reads what is needed, and hands back what brings caches
 * up to date, to be called for each of them right before it is published. That must not throw and must not wait.
 */
export type ForeignPreparation = (changes: readonly Change[]) => Promise<ChangeListener>

interface Publication {
  readonly entry: LogEntry
  readonly firstPosition: number
  readonly published: () => void
}

/** What the log stands on. */
export interface ChangeLogDeps {
  readonly database: Pick<Database<Schema>, 'write' | 'position' | 'onAdvance' | 'settled'>
  readonly changes: Pick<ChangeStore, 'insert' | 'after'>
  /** Hears why changes of other processes could not be read; it is tried again. */
  readonly onTailError?: (error: unknown) => void
}

/** Changes of other processes that are read at once. */
const TAIL_PAGE = 100

/**
 * The one log of everything durable that a client could see. Listeners hear of each change exactly once, in order of
 * position and without gaps, and only when it is durable; of those that other processes commit as well.
 */
export class ChangeLog {
  readonly #database: ChangeLogDeps['database']
  readonly #changes: ChangeLogDeps['changes']
  readonly #onTailError: (error: unknown) => void
  readonly #listeners: ChangeListener[] = []
  readonly #preparations: ForeignPreparation[] = []
  readonly #early = new Map<number, Publication>()
  #position: number
  /** How far the stream has got, as far as is known. */
  #heardOf = 0
  #isTailing = false

  constructor(deps: ChangeLogDeps) {
    this.#database = deps.database
    this.#changes = deps.changes
    this.#onTailError = deps.onTailError ?? (() => {})
    this.#position = deps.database.position()
    deps.database.onAdvance((position) => this.#hear(position))
  }

  /** The position up to which everything has been published. */
  get position(): number {
    return this.#position
  }

  /** Adds a listener; there is one per part that follows the log. */
  listen(listener: ChangeListener): void {
    this.#listeners.push(listener)
  }

  /** Publishes, before long, what other processes have committed up to a position that somebody has heard of. */
  catchUpWith(position: number): void {
    this.#hear(position)
  }

  /** Adds a preparation; there is one per part that remembers what other processes may change. */
  prepareForeign(preparation: ForeignPreparation): void {
    this.#preparations.push(preparation)
  }

  /**
   * Commits an entry and publishes its changes. Resolves when both have happened; a refused entry has left nothing
   * behind.
   */
  async append(entry: LogEntry): Promise<WriteResult> {
    const rows = entry.changes.map((change, index) => this.#changes.insert(change, index))
    const result = await this.#database.write({
      statements: [...entry.statements, ...rows],
      positions: entry.changes.length,
    })
    if (!result.committed) return result
    const waiting = this.#publishInOrder(entry, result.position)
    if (waiting !== undefined) await waiting
    return result
  }

  #publishInOrder(entry: LogEntry, firstPosition: number): Promise<void> | undefined {
    if (entry.changes.length === 0) {
      entry.onDurable?.(firstPosition)
      return undefined
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#early.set(firstPosition, { entry, firstPosition, published: resolve })
    this.#publishEarly()
    if (!this.#early.has(firstPosition)) return undefined
    // Another process has committed before: its changes come first.
    this.#hear(firstPosition - 1)
    return promise
  }

  /** Publishes our own commits that follow what has been published. */
  #publishEarly(): void {
    for (;;) {
      const next = this.#early.get(this.#position + 1)
      if (next === undefined) return
      this.#early.delete(next.firstPosition)
      const { entry, firstPosition, published } = next
      entry.onDurable?.(firstPosition)
      for (const [index, change] of entry.changes.entries())
        this.#publish({ ...change, position: firstPosition + index })
      published()
    }
  }

  #publish(change: Change): void {
    this.#position = change.position
    for (const listener of this.#listeners) listener(change)
  }

  #hear(position: number): void {
    if (position <= this.#position) return
    this.#heardOf = Math.max(this.#heardOf, position)
    if (this.#isTailing) return
    this.#isTailing = true
    void this.#tail()
  }

  /** Publishes what other processes have committed, up to what has been heard of. Whoever tells of it again retries. */
  async #tail(): Promise<void> {
    try {
      await this.#ownAnswers()
      while (this.#position < this.#heardOf) {
        if (!(await this.#publishPage())) return
      }
    } catch (error) {
      this.#onTailError(error)
    } finally {
      // In one turn with the last look at what has been heard of: nothing is heard in between.
      this.#isTailing = false
    }
  }

  /** @returns whether there was anything. */
  async #publishPage(): Promise<boolean> {
    const rows = await this.#changes.after(this.#position, TAIL_PAGE)
    await this.#ownAnswers()
    const own = this.#earlyPositions()
    const foreign = rows.filter(({ position }) => position > this.#position && !own.has(position))
    const prepared = await Promise.all(this.#preparations.map((prepare) => prepare(foreign)))
    for (const change of foreign) {
      this.#publishEarly()
      for (const apply of prepared) apply(change)
      this.#publish(change)
    }
    this.#publishEarly()
    return rows.length > 0
  }

  /** What was being committed when a read ended has been answered when this resolves, and awaits its turn. */
  async #ownAnswers(): Promise<void> {
    await this.#database.settled()
    await nextTurn()
  }

  #earlyPositions(): Set<number> {
    const positions = new Set<number>()
    for (const { entry, firstPosition } of this.#early.values()) {
      for (let index = 0; index < entry.changes.length; index += 1) positions.add(firstPosition + index)
    }
    return positions
  }
}
