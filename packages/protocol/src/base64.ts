/** Thrown when text is not Base64. */
export class Base64Error extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Base64Error'
  }
}

/** Either alphabet, then any padding; lengths are checked by hand. */
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/**
 * Spells bytes in the standard alphabet, without padding.
 * @spec appendices/#unpadded-base64
 */
export function encodeBase64(bytes: Uint8Array): string {
  const padded = viewOf(bytes).toString('base64')
  const end = padded.indexOf('=')
  return end < 0 ? padded : padded.slice(0, end)
}

/**
 * Spells bytes in the URL-safe alphabet (`-` and `_`), without padding.
 * @spec appendices/#url-safe-unpadded-base64
 */
export function encodeBase64Url(bytes: Uint8Array): string {
  return viewOf(bytes).toString('base64url')
}

/**
 * Reads Base64 of either alphabet, padded or not, as the spec asks of a decoder. Bits of the last character that carry
 * no data are ignored: text of other servers holds them set (the spec's own test key does).
 * @throws Base64Error on any other character, on an impossible length and on padding that does not fit.
 * @spec appendices/#unpadded-base64
 */
export function decodeBase64(text: string): Uint8Array {
  if (!BASE64.test(text)) throw new Base64Error('Text holds a character outside the Base64 alphabets')
  const padding = text.indexOf('=')
  const digits = padding < 0 ? text.length : padding
  if (digits % 4 === 1) throw new Base64Error('Base64 text cannot have this length')
  if (padding >= 0 && text.length % 4 !== 0) throw new Base64Error('Base64 padding does not fit the text')
  return new Uint8Array(Buffer.from(text, 'base64'))
}

function viewOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
