import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * The client's IP address; empty on a Unix socket whose proxy names none.
 *
 * Deviation: Synapse takes the first entry of X-Forwarded-For, which the client itself may have written. The last entry
 * is the one our own proxy added.
 * @param forwarded whether the listener stands behind a proxy that sets X-Forwarded-For.
 */
export function clientAddress(raw: IncomingMessage, forwarded: boolean): string {
  if (forwarded) {
    const header = raw.headers['x-forwarded-for']
    const last = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',').at(-1)?.trim() ?? ''
    const address = withoutPort(last)
    if (isIP(address) !== 0) return plainIpv4(address)
  }
  return plainIpv4(raw.socket.remoteAddress ?? '')
}

/** Some proxies write `192.0.2.1:4711` or `[2001:db8::1]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([0-9.]+):\d+$/.exec(text)?.[1] ?? text
}

/** A dual-stack socket shows IPv4 clients as `::ffff:192.0.2.1`. */
function plainIpv4(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address
}
