const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  y: 31_536_000_000,
}

const BYTES: Readonly<Record<string, number>> = { K: 1_024, M: 1_024 ** 2, G: 1_024 ** 3, T: 1_024 ** 4 }

/**
 * Reads a duration as Synapse spells it: an integer or a string of digits is milliseconds; `s m h d w y` (365 days) may
 * follow the digits.
 * @returns milliseconds, or undefined if it is no duration.
 */
export function parseDuration(value: unknown): number | undefined {
  return parseScaled(value, MILLISECONDS)
}

/**
 * Reads a size as Synapse spells it: an integer or a string of digits is bytes; `K M G T` (powers of 1,024) may follow.
 * @returns bytes, or undefined if it is no size.
 */
export function parseSize(value: unknown): number | undefined {
  return parseScaled(value, BYTES)
}

function parseScaled(value: unknown, scales: Readonly<Record<string, number>>): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? value : undefined
  if (typeof value !== 'string') return undefined
  const [, digits, suffix] = /^(\d{1,15})([a-zA-Z]?)$/.exec(value.trim()) ?? []
  if (digits === undefined) return undefined
  const scale = suffix ? scales[suffix] : 1
  if (scale === undefined) return undefined
  const scaled = Number(digits) * scale
  return Number.isSafeInteger(scaled) ? scaled : undefined
}

/**
 * Reads Unix permission bits: `0660`, `"0o660"` and `"660"` are octal. A plain number is what YAML made of it, except
 * that `660`, `666` and the like, which are no permissions when read as decimal, are taken for the octal digits they are.
 * @returns the bits (0 to 0o777), or undefined.
 */
export function parseFileMode(value: unknown): number | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 0o777) return value
  const [, digits] = /^(?:0o?)?([0-7]{3})$/.exec(String(value)) ?? []
  return digits === undefined ? undefined : Number.parseInt(digits, 8)
}

/** @returns the URL as written if it is an absolute http(s) one, else undefined. */
export function parseHttpUrl(value: unknown): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, host } = new URL(value)
  return (protocol === 'http:' || protocol === 'https:') && host !== '' ? value : undefined
}
