import type { Clock } from '../clock.ts'
import type { ChildServer } from './child-server.ts'
import { floor } from './floor.ts'
import { magik } from './magik.ts'
import type { Peer } from './peer.ts'
import { synapse } from './synapse.ts'

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

/** All servers that can be started, by the name they have on the command line. */
const PEERS: Readonly<Record<string, (options: PeerOptions) => Peer>> = { magik, synapse, floor }

/** @throws Error if there is no such server. */
export function createPeer(name: string, options: PeerOptions): Peer {
  const create = Object.hasOwn(PEERS, name) ? PEERS[name] : undefined
  if (create === undefined) throw new Error(`no server ${name}; there are ${Object.keys(PEERS).join(', ')}`)
  return create(options)
}
