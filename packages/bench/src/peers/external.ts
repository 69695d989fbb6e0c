import type { Peer, RunningServer } from './peer.ts'

/** A server that somebody else runs; its database is not fresh, and it is left running. */
export function external(server: RunningServer): Peer {
  return {
    name: 'external',
    prepare: async () => undefined,
    start: async () => server,
    stop: async () => undefined,
  }
}
