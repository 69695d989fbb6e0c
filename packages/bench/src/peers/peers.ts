import { floor } from './floor.ts'
import { magik } from './magik.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { synapse } from './synapse.ts'

/** All servers that can be started, by the name they have on the command line. */
const PEERS: Readonly<Record<string, (options: PeerOptions) => Peer>> = { magik, synapse, floor }

/** @throws Error if there is no such server. */
export function createPeer(name: string, options: PeerOptions): Peer {
  const create = Object.hasOwn(PEERS, name) ? PEERS[name] : undefined
  if (create === undefined) throw new Error(`no server ${name}; there are ${Object.keys(PEERS).join(', ')}`)
  return create(options)
}
