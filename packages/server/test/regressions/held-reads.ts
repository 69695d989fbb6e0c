import type { AnyQuery } from '../../src/platform/database/database.ts'
import type { Server } from '../../src/server.ts'
import { turns, until } from '../harness/index.ts'

type Read = (query: AnyQuery, parameters: never, options?: never) => Promise<unknown>

/** Reads that have been done, and whose rows are held back. */
export interface HeldReads {
  /** Waits until a read is held. */
  readonly begun: () => Promise<void>
  /** Lets the rows go, and those of later reads straight away. */
  readonly release: () => void
}

/**
 * Holds back the rows of the reads whose SQL matches, as a database at the end of a slow line does: they are what was
 * there when the read ran.
 */
export function holdReads(server: Pick<Server, 'database'>, sql: RegExp): HeldReads {
  const { promise, resolve } = Promise.withResolvers<void>()
  let held = 0
  wrapReads(server, async (read, query) => {
    const rows = await read()
    if (sql.test(query.sql)) {
      held += 1
      await promise
    }
    return rows
  })
  return { begun: () => until('a read is held', () => held > 0), release: resolve }
}

/** Every read takes some turns of the event loop, before and after it is done: never the same number. */
export function slowReads(server: Pick<Server, 'database'>, mostTurns: number): void {
  let seed = 1
  const some = () => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % (mostTurns + 1)
  }
  wrapReads(server, async (read) => {
    await turns(some())
    const rows = await read()
    await turns(some())
    return rows
  })
}

function wrapReads(
  { database }: Pick<Server, 'database'>,
  around: (read: () => Promise<unknown>, query: AnyQuery) => Promise<unknown>,
): void {
  for (const name of ['all', 'first', 'scan'] as const) {
    const original: Read = database[name].bind(database)
    const slow: Read = (query, parameters, options) => around(() => original(query, parameters, options), query)
    Object.defineProperty(database, name, { value: slow, configurable: true })
  }
}
