import { fileURLToPath } from 'node:url'
import { ChildServer, freePort } from './child-server.ts'
import { writeHomeserverFolder } from './homeserver-config.ts'
import type { Peer, PeerOptions } from './peer.ts'

const MAIN = fileURLToPath(new URL('../../../server/src/cli/main.ts', import.meta.url))

/** Magik as this checkout holds it. */
export function magik({ clock, sharedSecret, profileFolder, onStart }: PeerOptions): Peer {
  const server = new ChildServer('magik', clock)
  const profiling = profileFolder === undefined ? [] : ['--cpu-prof', '--cpu-prof-dir', profileFolder]
  return {
    name: 'magik',
    prepare: async () => undefined,
    start: async () => {
      onStart(server)
      const folder = await server.makeFolder()
      const port = await freePort()
      const config = await writeHomeserverFolder({ port, folder, sharedSecret })
      const baseUrl = `http://127.0.0.1:${port}`
      const args = [...profiling, MAIN, 'start', '--config', config]
      const pid = await server.start({ executable: process.execPath, args }, `${baseUrl}/_matrix/client/versions`)
      return { baseUrl, pid, sharedSecret }
    },
    stop: () => server.stop(),
  }
}
