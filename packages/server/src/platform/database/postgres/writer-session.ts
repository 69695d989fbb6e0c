import type { Client } from 'pg'
import type { Clock } from '../../clock/clock.ts'
import type { SqlValue } from '../database.ts'
import { DatabaseUnavailableError } from '../errors.ts'
import { type PostgresConnection, singleConnection } from './connection.ts'

/** A batch waits that long for a lock at most, and an unfinished transaction is given up by the server after it. */
const LOCK_TIMEOUT_MS = 5_000
/** What a batch may take in the server, its locks included. */
const STATEMENT_TIMEOUT_MS = 15_000
/** Without an answer after that long a connection is given up: a little more than the server would take. */
const ANSWER_TIMEOUT_MS = 20_000

const BEGIN = `BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS};
  SET LOCAL statement_timeout = ${STATEMENT_TIMEOUT_MS};
  SET LOCAL idle_in_transaction_session_timeout = ${LOCK_TIMEOUT_MS}`

/** Waits between attempts to connect: the first, and the longest. */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 2_000

/** Writers that have not been heard of for this long are gone. */
const FORGOTTEN_AFTER = '30 days'

/** What became of a batch whose answer was lost. */
export type Fate = { readonly committed: true; readonly outcome: string } | { readonly committed: false }

/**
 * The connection that writes, made anew whenever it is lost, and this process's row of `writers`, by which the fate of
 * a batch is found out when its answer was lost with the connection.
 */
export class WriterSession {
  readonly #connection: PostgresConnection
  readonly #clock: Clock
  readonly #randomBytes: (count: number) => Uint8Array
  #client: Client | undefined
  #connecting: Promise<Client> | undefined
  /** This process's number in `writers`; undefined until it has a row there. */
  #writer: number | undefined
  /** The last batch whose fate is known. */
  #batch = 0
  /** Whether the batch after it may be under way in the server. */
  #isUnsure = false
  #failures = 0
  #nextAttemptMs = 0

  constructor(options: {
    connection: PostgresConnection
    clock: Clock
    randomBytes: (count: number) => Uint8Array
  }) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#randomBytes = options.randomBytes
  }

  /** Whether the last attempt to connect has failed. */
  get isDown(): boolean {
    return this.#failures > 0
  }

  /** How long to wait before an attempt to connect is worth it. */
  get pauseMs(): number {
    return Math.max(0, this.#nextAttemptMs - this.#clock.monotonic())
  }

  /** Makes sure of a connection. @throws DatabaseUnavailableError if the server cannot be reached now. */
  async connect(): Promise<Client> {
    if (this.#client !== undefined) return this.#client
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Gives up the connection: what it says next cannot be told from what was asked before. */
  drop(): void {
    const client = this.#client
    this.#client = undefined
    if (client !== undefined) void client.end().catch(() => undefined)
  }

  /**
   * Commits a batch in one round trip.
   * @param parameters of `write_batch_1`, from `p_takes` on.
   * @returns its outcome, as JSON.
   * @throws the server's error: nothing has been done. An error of the connection: ask `settle` what has become of it.
   */
  async commit(parameters: readonly (SqlValue | boolean)[]): Promise<string> {
    const client = await this.connect()
    const writer = this.#writer ?? (await this.#register(client))
    this.#isUnsure = true
    const answers = await Promise.allSettled([
      client.query(BEGIN),
      client.query<{ outcome: string }>('SELECT write_batch_1($1, $2, $3, $4, $5, $6, $7, $8, $9) AS outcome', [
        writer,
        this.#batch + 1,
        ...parameters,
      ]),
      client.query('COMMIT'),
    ])
    const failure = answers.find((answer) => answer.status === 'rejected')
    if (failure !== undefined) throw failure.reason
    const outcome = answers[1].status === 'fulfilled' ? answers[1].value.rows[0]?.outcome : undefined
    if (outcome === undefined) throw new Error('a batch was committed without an answer')
    this.#batch += 1
    this.#isUnsure = false
    return outcome
  }

  /** The server has said that nothing of the last batch has been done. */
  undone(): void {
    this.#isUnsure = false
  }

  /** The row in `writers` is gone or no longer ours: take a new one. Nothing of the last batch has been done. */
  forgetWriter(): void {
    this.#writer = undefined
    this.#isUnsure = false
  }

  /**
   * Finds out what has become of a batch whose answer was lost, and makes sure that nothing of it can happen later.
   * Returns undefined when there is no such batch.
   * @throws when the database cannot be reached; the question then stays open.
   */
  async settle(): Promise<Fate | undefined> {
    const writer = this.#writer
    if (!this.#isUnsure || writer === undefined) return undefined
    const client = await this.connect()
    const batch = this.#batch + 1
    // Waits for a transaction that is still under way. One that has not begun yet finds its number taken.
    await client.query(
      'UPDATE writers SET batch = $2, outcome = NULL, seen_at = now() WHERE writer = $1 AND batch = $3',
      [writer, batch, this.#batch],
    )
    const { rows } = await client.query<{ outcome: string | null }>(
      'SELECT outcome FROM writers WHERE writer = $1 AND batch = $2',
      [writer, batch],
    )
    this.#isUnsure = false
    const [row] = rows
    if (row === undefined) {
      this.forgetWriter()
      return { committed: false }
    }
    this.#batch = batch
    return row.outcome === null ? { committed: false } : { committed: true, outcome: row.outcome }
  }

  /** Ends the connection. */
  async close(): Promise<void> {
    const client = this.#client
    this.#client = undefined
    if (client === undefined) return
    if (this.#writer !== undefined && !this.#isUnsure) {
      await client.query('DELETE FROM writers WHERE writer = $1', [this.#writer]).catch(() => undefined)
    }
    await client.end().catch(() => undefined)
  }

  async #connect(): Promise<Client> {
    if (this.pauseMs > 0) throw new DatabaseUnavailableError('the database cannot be reached')
    const client = singleConnection(this.#connection, { pipeline: true, answerTimeoutMs: ANSWER_TIMEOUT_MS })
    client.on('end', () => {
      if (this.#client === client) this.#client = undefined
    })
    try {
      await client.connect()
    } catch (error) {
      this.#failures += 1
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (this.#failures - 1))
      // Some servers start to try again at once when their database comes back: not all at the same moment.
      this.#nextAttemptMs = this.#clock.monotonic() + pause / 2 + (pause / 2) * (this.#randomNumber(1) / 256)
      throw new DatabaseUnavailableError('the database cannot be reached', { cause: error })
    }
    this.#failures = 0
    this.#nextAttemptMs = 0
    this.#client = client
    return client
  }

  async #register(client: Client): Promise<number> {
    const writer = this.#randomNumber(6)
    await client.query(`DELETE FROM writers WHERE seen_at < now() - interval '${FORGOTTEN_AFTER}'`)
    await client.query('INSERT INTO writers (writer, batch, outcome, seen_at) VALUES ($1, 0, NULL, now())', [writer])
    this.#writer = writer
    this.#batch = 0
    this.#isUnsure = false
    return writer
  }

  #randomNumber(bytes: number): number {
    return Buffer.from(this.#randomBytes(bytes)).readUIntBE(0, bytes)
  }
}
