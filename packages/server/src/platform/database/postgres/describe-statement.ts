import type { Connection, Pool, Submittable } from 'pg'

/** The types of a statement's parameters and columns, by PostgreSQL's numbers. */
export interface StatementTypes {
  readonly parameters: readonly number[]
  /** By column name; empty for a statement that returns no rows. */
  readonly columns: ReadonlyMap<string, number>
}

/** Asks the server about a statement without running it. */
class Description implements Submittable {
  readonly types: Promise<StatementTypes>
  readonly #sql: string
  readonly #resolve: (types: StatementTypes) => void
  readonly #reject: (error: unknown) => void
  #parameters: readonly number[] = []
  #columns = new Map<string, number>()

  constructor(sql: string) {
    this.#sql = sql
    const { promise, resolve, reject } = Promise.withResolvers<StatementTypes>()
    this.types = promise
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): void {
    connection.once('parameterDescription', (message: unknown) => {
      this.#parameters = parameterTypes(message)
    })
    connection.parse({ name: '', text: this.#sql, types: [] }, true)
    connection.describe({ type: 'S', name: '' }, true)
    connection.sync()
  }

  handleRowDescription(message: { readonly fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#columns = new Map(message.fields.map(({ name, dataTypeID }) => [name, dataTypeID]))
  }

  handleError(error: unknown): void {
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.#resolve({ parameters: this.#parameters, columns: this.#columns })
  }
}

/**
 * The types of a statement's parameters and columns.
 * @throws the server's error if it does not understand the statement.
 */
export async function describeStatement(pool: Pool, sql: string): Promise<StatementTypes> {
  const client = await pool.connect()
  try {
    const types = await client.query(new Description(sql)).types
    client.release()
    return types
  } catch (error) {
    // What it answers to next is not worth finding out.
    client.release(true)
    throw error
  }
}

function parameterTypes(message: unknown): readonly number[] {
  if (typeof message !== 'object' || message === null || !('dataTypeIDs' in message)) return []
  const { dataTypeIDs: types } = message
  return Array.isArray(types) ? types.map(Number) : []
}
