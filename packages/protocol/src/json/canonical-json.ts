import { compareCodePoints, sortByCodePoint } from './code-point-order.ts'
import { JsonNumber, type JsonValue } from './json-value.ts'
import { setMember } from './own-members.ts'

/** Thrown when a value has no canonical form: a number that is no safe integer, or half of a surrogate pair. */
export class CanonicalJsonError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'CanonicalJsonError'
  }
}

/** How `canonicalJson` treats numbers. */
export interface CanonicalJsonOptions {
  /**
   * Room versions 1 to 5: number literals stand as they were sent, whatever their value; only `-0` becomes `0`, because
   * servers that read integers as such have no minus zero to hash. Otherwise a number's value must be an integer within
   * ±(2^53 − 1), and it is written in plain digits (`-0` as `0`, `1e3` as `1000`).
   */
  readonly lossless?: boolean
}

/** An object whose members may be `undefined`, which counts as absent. */
export type JsonMembers = { readonly [key: string]: JsonValue | undefined }

/**
 * Encodes a value as Canonical JSON: the shortest form, keys sorted by code point. What is hashed and signed are the
 * text's bytes in UTF-8.
 *
 * Recurses: a value from a peer must have passed `parseJson`, which bounds its depth.
 * @throws CanonicalJsonError on a fraction or an integer beyond ±(2^53 − 1), unless lossless; on half of a surrogate
 * pair and on a number that is not finite, always.
 * @spec appendices/#canonical-json
 */
export function canonicalJson(value: JsonValue | JsonMembers, options?: CanonicalJsonOptions): string {
  // The engine's own writer is several times faster than any written here and escapes exactly as the spec asks, so all
  // that is left to do is to hand it an object whose keys are in order. Most objects are already.
  const arranging: Arranging = { lossless: options?.lossless === true, unorderable: false }
  const arranged = arrange(value, arranging)
  const text = arranging.unorderable ? writeInOrder(arranged) : JSON.stringify(arranged)
  // Half a pair comes out as an escape, which may also be a backslash that was there: then the strings decide.
  if (text.includes('\\ud') && holdsLoneSurrogate(arranged)) {
    throw new CanonicalJsonError('Half of a surrogate pair has no UTF-8 form')
  }
  return text
}

const DIGIT_ZERO = 0x30
const DIGIT_NINE = 0x39

/** What is encoded: JSON, in which members may be `undefined`. */
type Node = null | boolean | number | string | undefined | JsonNumber | Node[] | NodeMembers
type NodeMembers = { readonly [key: string]: Node }

interface Arranging {
  readonly lossless: boolean
  /** Set once an object is met that JavaScript cannot hold in order: keys like `"7"` come first, by their value. */
  unorderable: boolean
}

/** The node itself if it is in order throughout, else a copy of the parts that are not. Checks numbers on the way. */
function arrange(node: Node, arranging: Arranging): Node {
  if (typeof node === 'number') return checkedNumber(node, arranging)
  if (typeof node !== 'object' || node === null) return node
  if (Array.isArray(node)) return arrangeItems(node, arranging)
  if (node instanceof JsonNumber) return arranging.lossless && node.literal !== '-0' ? node : integerOf(node)
  return arrangeMembers(node, arranging)
}

function arrangeItems(items: Node[], arranging: Arranging): Node[] {
  let copy: Node[] | undefined
  for (let i = 0; i < items.length; i++) {
    const item = items[i]
    if (typeof item === 'string') continue
    const arranged = arrange(item, arranging)
    if (arranged === item) continue
    copy ??= items.slice()
    copy[i] = arranged
  }
  return copy ?? items
}

function arrangeMembers(object: NodeMembers, arranging: Arranging): NodeMembers {
  return hasKeysInOrder(object) ? arrangeInPlace(object, arranging) : arrangeSorted(object, arranging)
}

function hasKeysInOrder(object: NodeMembers): boolean {
  let previous = ''
  for (const key in object) {
    if (compareCodePoints(previous, key) > 0) return false
    previous = key
  }
  return true
}

function arrangeInPlace(object: NodeMembers, arranging: Arranging): NodeMembers {
  let copy: { [key: string]: Node } | undefined
  for (const key in object) {
    const member = object[key]
    if (typeof member === 'string') continue
    const arranged = arrange(member, arranging)
    if (arranged === member) continue
    // A shallow copy keeps the order of the keys, `__proto__` among them, and so does a new value for one of them.
    copy ??= { ...object }
    setMember(copy, key, arranged)
  }
  return copy ?? object
}

function arrangeSorted(object: NodeMembers, arranging: Arranging): NodeMembers {
  const keys = Object.keys(object)
  sortByCodePoint(keys)
  const sorted: { [key: string]: Node } = {}
  for (const key of keys) {
    if (startsWithDigit(key)) arranging.unorderable = true
    const member = object[key]
    setMember(sorted, key, typeof member === 'string' ? member : arrange(member, arranging))
  }
  return sorted
}

/** A cheap sign that JavaScript may put a key before all others. It says so of some more, which costs time only. */
function startsWithDigit(key: string): boolean {
  const unit = key.charCodeAt(0)
  return unit >= DIGIT_ZERO && unit <= DIGIT_NINE
}

/** Writes a node that is arranged but for its objects' order. */
function writeInOrder(node: Node): string {
  if (typeof node !== 'object' || node === null || node instanceof JsonNumber) return JSON.stringify(node)
  if (Array.isArray(node)) return `[${node.map(writeInOrder).join()}]`
  const keys = Object.keys(node).filter((key) => node[key] !== undefined)
  sortByCodePoint(keys)
  return `{${keys.map((key) => `${JSON.stringify(key)}:${writeInOrder(node[key])}`).join()}}`
}

function holdsLoneSurrogate(node: Node): boolean {
  if (typeof node === 'string') return !node.isWellFormed()
  if (typeof node !== 'object' || node === null || node instanceof JsonNumber) return false
  if (Array.isArray(node)) return node.some(holdsLoneSurrogate)
  return Object.keys(node).some((key) => !key.isWellFormed() || holdsLoneSurrogate(node[key]))
}

function checkedNumber(number: number, arranging: Arranging): number {
  if (Number.isSafeInteger(number) || (arranging.lossless && Number.isFinite(number))) return number
  throw new CanonicalJsonError(`${number} is not an integer within ±(2^53 − 1)`)
}

/** The value of a literal that is, to its last digit, an integer within ±(2^53 − 1). */
function integerOf(number: JsonNumber): number {
  const value = Number(number.literal)
  if (!Number.isSafeInteger(value) || hasFraction(number.literal)) {
    throw new CanonicalJsonError('A number is not an integer within ±(2^53 − 1)')
  }
  return value
}

/** Whether digits other than zero are left behind the decimal point. A double near 2^53 rounds them away. */
function hasFraction(literal: string): boolean {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.')
  const digits = whole + fraction
  let end = digits.length
  while (end > 0 && digits[end - 1] === '0') end--
  return end > 0 && end > whole.length + Number(exponent)
}
