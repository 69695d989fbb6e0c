import { promisify } from 'node:util'
import { brotliCompress, constants, deflate, gzip } from 'node:zlib'

/** Below this a compressed answer saves no packet. */
export const MIN_COMPRESSED_BYTES = 1_024

/** A content coding we can make. */
export type ContentCoding = 'gzip' | 'br' | 'deflate'

// Levels chosen for answers made on the fly: beyond them time grows much faster than the answer shrinks.
const GZIP_OPTIONS = { level: 4 }
const BROTLI_OPTIONS = { params: { [constants.BROTLI_PARAM_QUALITY]: 3, [constants.BROTLI_PARAM_LGWIN]: 20 } }

const toGzip = promisify<Uint8Array | string, typeof GZIP_OPTIONS, Uint8Array>(gzip)
const toDeflate = promisify<Uint8Array | string, typeof GZIP_OPTIONS, Uint8Array>(deflate)
const toBrotli = promisify<Uint8Array | string, typeof BROTLI_OPTIONS, Uint8Array>(brotliCompress)

/** Ours in order of preference among codings the client likes equally. */
const PREFERENCE: readonly ContentCoding[] = ['gzip', 'br', 'deflate']

/** The coding an Accept-Encoding header asks for; undefined if it takes none of ours. */
export function acceptedCoding(header: string | string[] | undefined): ContentCoding | undefined {
  if (header === undefined) return undefined
  const weights = new Map<string, number>()
  for (const entry of String(header).toLowerCase().split(',')) {
    const [name = '', ...parameters] = entry.split(';').map((part) => part.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
    weights.set(name === 'x-gzip' ? 'gzip' : name, weight === undefined ? 1 : Number(weight) || 0)
  }
  let best: ContentCoding | undefined
  let bestWeight = 0
  for (const coding of PREFERENCE) {
    const weight = weights.get(coding) ?? weights.get('*') ?? 0
    if (weight > bestWeight) {
      best = coding
      bestWeight = weight
    }
  }
  return best
}

/** Whether content of a type shrinks: text does, pictures and films are compressed already. */
export function isCompressible(contentType: string): boolean {
  return /^(text\/|application\/(json|javascript|xml)|image\/svg)/.test(contentType)
}

/** Compresses off the main thread. */
export function compress(body: string | Uint8Array, coding: ContentCoding): Promise<Uint8Array> {
  switch (coding) {
    case 'gzip':
      return toGzip(body, GZIP_OPTIONS)
    case 'br':
      return toBrotli(body, BROTLI_OPTIONS)
    case 'deflate':
      return toDeflate(body, GZIP_OPTIONS)
  }
}
