import { chmod, lstat, unlink } from 'node:fs/promises'
import type { Server } from 'node:http'
import { connect, type ListenOptions } from 'node:net'

/**
 * Has a server listen.
 * @throws the system's error, such as EADDRINUSE.
 */
export function listen(server: Server, options: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(options, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** The error code of a system error. */
export function systemErrorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/**
 * Whether an address that cannot be bound may be left out because its twin does the work: `::` takes IPv4 in as well,
 * and machines without IPv6 have `0.0.0.0`.
 */
export function isCoveredByTwin(address: string, addresses: readonly string[], error: unknown): boolean {
  const code = systemErrorCode(error)
  if (address === '0.0.0.0') return code === 'EADDRINUSE' && addresses.includes('::')
  return address === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL') && addresses.includes('0.0.0.0')
}

/**
 * Listens on a Unix socket, whose file a killed process may have left behind.
 * @throws Error if something other than a socket is there, or another process listens on it.
 */
export async function listenOnPath(server: Server, path: string, mode: number): Promise<void> {
  await removeStaleSocket(path)
  await listen(server, { path })
  await chmod(path, mode)
}

async function removeStaleSocket(path: string): Promise<void> {
  try {
    const found = await lstat(path)
    if (!found.isSocket()) throw new Error(`${path} is there already, and no socket`)
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return
    throw error
  }
  if (await isAnswered(path)) throw new Error(`Another process listens on ${path}`)
  await unlink(path)
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
