import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** What happens to the next batch on its way to the server. */
export type Fault =
  /** It arrives and is committed, but the connection breaks before the answer is back. */
  | 'lose the answer'
  /** The connection breaks before the batch arrives. */
  | 'lose the batch'
  /** The connection breaks for the client; the batch arrives when `deliver` is called. */
  | 'delay the batch'
  /** It arrives, but the connection breaks for the client while the server is at work on it. */
  | 'leave the batch under way'

/** How a batch is known on the wire. */
const BATCH = 'write_batch_1('
const COMMITTED = 'COMMIT\u0000'

/** Stands between a driver and its server, and breaks connections at the worst moments. */
export class FaultyProxy {
  readonly #server: Server
  readonly #target: { readonly host: string; readonly port: number }
  readonly #sockets = new Set<Socket>()
  #fault: Fault | undefined
  #delayed: (() => void) | undefined
  /** How many faults have happened. */
  faults = 0

  private constructor(target: { host: string; port: number }) {
    this.#target = target
    this.#server = createServer((client) => this.#connect(client))
  }

  /** Opens a proxy that is closed after the test. */
  static async open(target: URL): Promise<FaultyProxy> {
    const proxy = new FaultyProxy({ host: target.hostname, port: Number(target.port) })
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    onTestFinished(() => {
      for (const socket of proxy.#sockets) socket.destroy()
      proxy.#server.close()
    })
    return proxy
  }

  /** The same database, by way of the proxy. */
  urlOf(database: URL): URL {
    const url = new URL(database)
    const { port } = this.#server.address() as AddressInfo
    url.port = String(port)
    return url
  }

  /** Breaks the next batch's way. */
  next(fault: Fault): void {
    this.#fault = fault
  }

  /** Hands a delayed batch to the server. */
  deliver(): void {
    this.#delayed?.()
  }

  #connect(client: Socket): void {
    const server = connect(this.#target)
    for (const socket of [client, server]) {
      this.#sockets.add(socket)
      socket.on('error', () => {})
    }
    let losesAnswer = false
    let leaves = false
    let held: Buffer[] | undefined
    client.on('data', (data: Buffer) => {
      const fault = data.includes(BATCH) ? this.#fault : undefined
      if (fault !== undefined) {
        this.#fault = undefined
        this.faults += 1
      }
      switch (fault) {
        case 'lose the batch':
          client.destroy()
          server.destroy()
          return
        case 'delay the batch':
          held = []
          this.#delayed = () => server.write(Buffer.concat(held ?? []))
          break
        case 'leave the batch under way':
          leaves = true
          break
        case 'lose the answer':
          losesAnswer = true
      }
      if (held === undefined) server.write(data)
      else held.push(data)
      // What belongs to the batch may come in several pieces, this one last.
      if ((held !== undefined || leaves) && data.includes(COMMITTED)) client.destroy()
    })
    server.on('data', (data: Buffer) => {
      if (!losesAnswer) client.write(data)
      else if (data.includes(COMMITTED)) client.destroy()
    })
    client.on('close', () => {
      if (held === undefined && !leaves) server.destroy()
    })
    server.on('close', () => client.destroy())
  }
}
