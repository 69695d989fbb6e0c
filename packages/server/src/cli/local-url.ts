import type { Config } from '../platform/config/index.ts'

const EVERYWHERE: ReadonlySet<string> = new Set(['::', '0.0.0.0', ''])

/**
 * The URL at which a program on the same machine reaches the client API: that of the first listener for clients that has
 * a port and no TLS.
 * @returns undefined if there is none.
 */
export function localUrl({ listeners }: Pick<Config, 'listeners'>): string | undefined {
  const listener = listeners.find(
    ({ type, tls, port, resources }) =>
      type === 'http' && !tls && port !== null && resources.some(({ names }) => names.includes('client')),
  )
  if (!listener) return undefined
  const [address = ''] = listener.bind_addresses
  const host = EVERYWHERE.has(address) ? 'localhost' : address.includes(':') ? `[${address}]` : address
  return `http://${host}:${listener.port}`
}

/** How the person at the terminal runs this command: through npm in a checkout, else by its name. */
export function commandName(env: Readonly<Record<string, string | undefined>> = process.env): string {
  return env['npm_lifecycle_event'] === undefined ? 'magik' : 'npm run magik --'
}
