/** One complete HTTP response. */
export interface HttpResponse {
  readonly status: number
  readonly body: Buffer
  /** Whether the server keeps the connection open for a next request. */
  readonly reusable: boolean
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LINE_END = Buffer.from('\r\n')
const EMPTY = Buffer.alloc(0)

/** Largest response head taken, in bytes. */
const MAX_HEAD_BYTES = 65_536

/** Largest response body taken, in bytes; an initial sync of a very large account stays below. */
const MAX_BODY_BYTES = 1 << 30

/** Bytes that are not an HTTP/1.1 response. */
export class HttpProtocolError extends Error {}

/**
 * Cuts the bytes of one connection into HTTP/1.1 responses, one request being outstanding at a time.
 *
 * Far less than a general parser: only what a homeserver's JSON answers use (lengths, chunks, end of connection). That is
 * what makes it cheap, and the generator shares its processors with the server it measures.
 */
export class ResponseReader {
  #stage: 'head' | 'length' | 'chunks' | 'trailer' | 'until-close' = 'head'
  /** Bytes of an unfinished head, chunk-size line or trailer. */
  #carry: Buffer = EMPTY
  #parts: Buffer[] = []
  #received = 0
  /** Bytes still to come of the body ('length') or of the present chunk with its line end ('chunks'). */
  #remaining = 0
  #status = 0
  #reusable = true

  /**
   * Takes the next bytes.
   * @returns the response these bytes complete, else undefined.
   * @throws HttpProtocolError if they are no HTTP/1.1 response.
   */
  feed(data: Buffer): HttpResponse | undefined {
    let rest = data
    for (;;) {
      switch (this.#stage) {
        case 'head': {
          const body = this.#readHead(rest)
          if (body === undefined) return undefined
          rest = body
          break
        }
        case 'length': {
          if (rest.length > this.#remaining) throw new HttpProtocolError('more body bytes than announced')
          this.#take(rest)
          this.#remaining -= rest.length
          return this.#remaining === 0 ? this.#finish() : undefined
        }
        case 'chunks': {
          const after = this.#readChunk(rest)
          if (after === undefined) return undefined
          rest = after
          break
        }
        case 'trailer':
          return this.#readTrailer(rest)
        case 'until-close':
          this.#take(rest)
          return undefined
      }
    }
  }

  /**
   * Says that the connection has ended.
   * @returns the response which that completes, else undefined.
   */
  end(): HttpResponse | undefined {
    return this.#stage === 'until-close' ? this.#finish() : undefined
  }

  #take(bytes: Buffer): void {
    if (bytes.length === 0) return
    this.#received += bytes.length
    if (this.#received > MAX_BODY_BYTES) throw new HttpProtocolError('response body too large')
    this.#parts.push(bytes)
  }

  #joinCarry(data: Buffer): Buffer {
    const joined = this.#carry.length === 0 ? data : Buffer.concat([this.#carry, data])
    this.#carry = EMPTY
    return joined
  }

  /** @returns the bytes after the head, or undefined if the head is not complete. */
  #readHead(data: Buffer): Buffer | undefined {
    let bytes = this.#joinCarry(data)
    for (;;) {
      const end = bytes.indexOf(HEAD_END)
      if (end === -1) {
        if (bytes.length > MAX_HEAD_BYTES) throw new HttpProtocolError('response head too large')
        this.#carry = bytes
        return undefined
      }
      const head = bytes.toString('latin1', 0, end)
      bytes = bytes.subarray(end + HEAD_END.length)
      const status = Number(head.slice(9, 12))
      if (!head.startsWith('HTTP/1.') || !Number.isInteger(status))
        throw new HttpProtocolError('not an HTTP/1 response')
      if (status >= 200) {
        this.#startBody(status, head)
        return bytes
      }
    }
  }

  #startBody(status: number, head: string): void {
    this.#status = status
    this.#reusable = head.startsWith('HTTP/1.1') && !/\r\nconnection: *close/i.test(head)
    if (/\r\ntransfer-encoding: *chunked/i.test(head)) {
      this.#stage = 'chunks'
      return
    }
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
    if (length !== undefined || status === 204 || status === 304) {
      this.#remaining = Number(length ?? 0)
      this.#stage = 'length'
      return
    }
    this.#reusable = false
    this.#stage = 'until-close'
  }

  /** @returns the bytes after what was used, or undefined if all were used and the body goes on. */
  #readChunk(data: Buffer): Buffer | undefined {
    if (this.#remaining > 0) {
      const used = Math.min(this.#remaining, data.length)
      // The last two of the remaining bytes are the chunk's line end, not data.
      this.#take(data.subarray(0, Math.max(0, Math.min(used, this.#remaining - 2))))
      this.#remaining -= used
      return used === data.length ? undefined : data.subarray(used)
    }
    const bytes = this.#joinCarry(data)
    const end = bytes.indexOf(LINE_END)
    if (end === -1) {
      if (bytes.length > 1_024) throw new HttpProtocolError('chunk size line too long')
      this.#carry = bytes
      return undefined
    }
    const size = Number.parseInt(bytes.toString('latin1', 0, end), 16)
    if (!Number.isInteger(size) || size < 0) throw new HttpProtocolError('chunk size is not a number')
    if (size === 0) this.#stage = 'trailer'
    else this.#remaining = size + 2
    return bytes.subarray(end + 2)
  }

  #readTrailer(data: Buffer): HttpResponse | undefined {
    const bytes = this.#joinCarry(data)
    // An empty trailer is a bare line end; one with fields ends with an empty line.
    if (bytes.length >= 2 && (bytes.indexOf(LINE_END) === 0 || bytes.indexOf(HEAD_END) !== -1)) return this.#finish()
    if (bytes.length > MAX_HEAD_BYTES) throw new HttpProtocolError('response trailer too large')
    this.#carry = bytes
    return undefined
  }

  #finish(): HttpResponse {
    const first = this.#parts[0]
    const body = first === undefined ? EMPTY : this.#parts.length === 1 ? first : Buffer.concat(this.#parts)
    this.#stage = 'head'
    this.#carry = EMPTY
    this.#parts = []
    this.#received = 0
    this.#remaining = 0
    return { status: this.#status, body, reusable: this.#reusable }
  }
}
