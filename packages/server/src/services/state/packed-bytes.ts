/** Thrown by readers when bytes end too early or hold a number out of range; says where. */
export class PackedBytesError extends Error {
  override readonly name = 'PackedBytesError'
}

/** Reads packed bytes from front to back and never beyond its end. */
export class PackedReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  /** @throws PackedBytesError at the end. */
  byte(): number {
    const value = this.at < this.end ? this.bytes[this.at++] : undefined
    if (value === undefined) throw new PackedBytesError(`bytes end at ${this.end}`)
    return value
  }

  /**
   * A non-negative safe integer, seven bits a byte, lowest first.
   * @throws PackedBytesError at the end or if the number is not a safe integer.
   */
  varint(): number {
    const first = this.byte()
    if (first < 0x80) return first
    let value = first & 0x7f
    let scale = 0x80
    for (;;) {
      const next = this.byte()
      value += (next & 0x7f) * scale
      if (next < 0x80) {
        if (value <= Number.MAX_SAFE_INTEGER) return value
        break
      }
      if (scale >= 2 ** 49) break
      scale *= 0x80
    }
    throw new PackedBytesError(`number out of range before byte ${this.at}`)
  }

  /** Moves over a varint. @returns its low seven bits. @throws PackedBytesError at the end. */
  skipVarint(): number {
    const first = this.byte()
    let last = first
    while (last >= 0x80) last = this.byte()
    return first & 0x7f
  }

  /** Moves over `length` bytes. @throws PackedBytesError if there are fewer. */
  skip(length: number): void {
    if (length > this.end - this.at) throw new PackedBytesError(`bytes end at ${this.end}, ${length} more expected`)
    this.at += length
  }
}

/** Growing buffer for packed bytes. */
export class PackedWriter {
  #buffer = new Uint8Array(1_024)
  #length = 0

  get length(): number {
    return this.#length
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(this.#buffer.length * 2, this.#length + more))
    larger.set(this.#buffer.subarray(0, this.#length))
    this.#buffer = larger
  }

  byte(value: number): void {
    this.#reserve(1)
    this.#buffer[this.#length++] = value
  }

  /** @param value a non-negative safe integer. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#length++] = rest
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** The length in bytes as a varint, then the text in UTF-8. */
  text(text: string): void {
    const start = this.#length
    const length = text.length
    if (length < 0x80) {
      // Nearly every key is short and ASCII, for which this is several times as fast as an encoder.
      this.#reserve(1 + length)
      this.#buffer[this.#length++] = length
      for (let i = 0; i < length; i++) {
        const code = text.charCodeAt(i)
        if (code >= 0x80) break
        this.#buffer[this.#length++] = code
      }
      if (this.#length === start + 1 + length) return
      this.#length = start
    }
    const bytes = Buffer.from(text)
    this.varint(bytes.length)
    this.raw(bytes)
  }

  /** The bytes written since the last `clear`, valid until the next write. */
  view(): Uint8Array {
    return this.#buffer.subarray(0, this.#length)
  }

  clear(): void {
    this.#length = 0
  }
}
