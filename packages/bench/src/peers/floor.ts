import { fileURLToPath } from 'node:url'
import { ChildServer, freePort } from './child-server.ts'
import type { Peer, PeerOptions } from './peer.ts'

const COMMIT_FLOOR = fileURLToPath(new URL('../commit-floor.ts', import.meta.url))

/** The least any Node homeserver must do for a message: see commit-floor.ts. */
export function floor({ clock, onStart }: PeerOptions): Peer {
  const server = new ChildServer('floor', clock)
  return {
    name: 'floor',
    scenarios: ['serial-sends', 'loaded-sends'],
    prepare: async () => undefined,
    start: async () => {
      onStart(server)
      const folder = await server.makeFolder()
      const port = await freePort()
      const baseUrl = `http://127.0.0.1:${port}`
      const args = [COMMIT_FLOOR, '--port', String(port), '--database', `${folder}/floor.db`]
      const pid = await server.start({ executable: process.execPath, args }, `${baseUrl}/_matrix/client/versions`)
      return { baseUrl, pid }
    },
    stop: () => server.stop(),
  }
}
