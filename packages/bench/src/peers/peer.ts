import type { Clock } from '../clock.ts'
import type { ChildServer } from './child-server.ts'

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

/** What every server is made with. */
export interface PeerOptions {
  readonly clock: Clock
  readonly sharedSecret: string
  /** Where downloaded servers are kept between runs. */
  readonly cacheFolder: string
  /** Where a server on Node writes its processor profile; none is taken if undefined. */
  readonly profileFolder: string | undefined
  /** Told of each process before it starts, so that none outlives the generator. */
  readonly onStart: (server: ChildServer) => void
  /** Tells the person who waits what is going on. */
  readonly say: (line: string) => void
}
