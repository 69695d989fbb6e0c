import { connect, type Socket } from 'node:net'
import type { Clock } from '../clock.ts'
import { type HttpResponse, ResponseReader } from './response-reader.ts'

/** A connection silent for this long while a response is due counts as broken. Longer than any long-poll we make. */
const SILENCE_LIMIT_MS = 90_000

interface Outstanding {
  resolve(response: HttpResponse): void
  reject(error: Error): void
}

/** One kept-alive connection, one exchange at a time. */
export class Connection {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #reader = new ResponseReader()
  #outstanding: Outstanding | undefined
  lastUsedMs: number

  constructor(host: string, port: number, clock: Clock, onClose: () => void) {
    this.#clock = clock
    this.lastUsedMs = clock.now()
    this.#socket = connect({ host, port, noDelay: true })
    this.#socket.setTimeout(SILENCE_LIMIT_MS, () => this.#socket.destroy(new Error('no answer within the time limit')))
    this.#socket.on('data', (data: Buffer) => this.#receive(data))
    this.#socket.on('end', () => this.#settle(this.#reader.end()))
    // The error's text reaches the caller through 'close', which always follows.
    let failure: Error | undefined
    this.#socket.on('error', (error) => {
      failure = error
    })
    this.#socket.on('close', () => {
      onClose()
      this.#fail(new Error(`connection closed before the response was complete`, { cause: failure }))
    })
  }

  /** Whether another request may be written. */
  get usable(): boolean {
    return this.#outstanding === undefined && this.#socket.writable && !this.#socket.destroyed
  }

  /** Writes a whole request and resolves with its response. */
  exchange(request: string): Promise<HttpResponse> {
    return new Promise((resolve, reject) => {
      this.#outstanding = { resolve, reject }
      this.#socket.write(request)
    })
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(data: Buffer): void {
    try {
      this.#settle(this.#reader.feed(data))
    } catch (error) {
      this.#socket.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #settle(response: HttpResponse | undefined): void {
    if (response === undefined) return
    const outstanding = this.#outstanding
    this.#outstanding = undefined
    this.lastUsedMs = this.#clock.now()
    outstanding?.resolve(response)
  }

  #fail(error: Error): void {
    const outstanding = this.#outstanding
    this.#outstanding = undefined
    outstanding?.reject(error)
  }
}
