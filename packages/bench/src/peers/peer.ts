/** A homeserver that is running and can be measured. */
export interface RunningServer {
  readonly baseUrl: string
  /** The root of its process tree; undefined where it is not known. */
  readonly pid?: number | undefined
  /** Lets the generator make accounts where open registration is off. */
  readonly sharedSecret?: string | undefined
}

/**
 * A homeserver that the benchmarks can measure. To add one: implement this in a file of its own and name it in
 * `peers.ts`. Settings must be equal to those of the others: SQLite or what comes nearest, every commit durable before
 * its answer, no rate limits, federation and presence off.
 */
export interface Peer {
  readonly name: string
  /** The scenarios it can take part in; all where undefined. */
  readonly scenarios?: readonly string[]
  /** Installs what is needed, once before the first start. */
  prepare(): Promise<void>
  /** Starts it with a fresh, empty database; resolves when it answers. */
  start(): Promise<RunningServer>
  /** Stops it and removes its data. Does nothing if it is not running. */
  stop(): Promise<void>
}
