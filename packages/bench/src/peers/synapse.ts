import { execFile } from 'node:child_process'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ChildServer, freePort } from './child-server.ts'
import { writeHomeserverFolder } from './homeserver-config.ts'
import type { Peer, PeerOptions } from './peer.ts'

const run = promisify(execFile)

/** Synapse from the Python package index: one process, SQLite, its own default caches. */
export function synapse({ clock, sharedSecret, cacheFolder, onStart, say }: PeerOptions): Peer {
  const server = new ChildServer('synapse', clock)
  const environment = join(cacheFolder, 'synapse')
  const python = join(environment, 'bin', 'python')
  return {
    name: 'synapse',
    prepare: async () => {
      if (await exists(join(environment, 'bin', 'synapse_homeserver'))) return
      say(`installing Synapse into ${environment}`)
      await mkdir(cacheFolder, { recursive: true })
      await run('python3', ['-m', 'venv', environment])
      await run(python, ['-m', 'pip', 'install', '--quiet', 'matrix-synapse'], { maxBuffer: 1 << 26 })
    },
    start: async () => {
      onStart(server)
      const folder = await server.makeFolder()
      const port = await freePort()
      const config = await writeHomeserverFolder({ port, folder, sharedSecret })
      const baseUrl = `http://127.0.0.1:${port}`
      const pid = await server.start(
        { executable: python, args: ['-m', 'synapse.app.homeserver', '--config-path', config] },
        `${baseUrl}/_matrix/client/versions`,
      )
      return { baseUrl, pid, sharedSecret }
    },
    stop: () => server.stop(),
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
