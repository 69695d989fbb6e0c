/** Longest pattern that is matched, in characters; a longer one matches nothing. */
export const MAX_GLOB_LENGTH = 1_024

const BITS = 32
const STAR = 0x2a
const QUESTION_MARK = 0x3f

/** A text made ready for matching: its characters, without regard to case. */
export type FoldedText = Uint32Array

/** Makes a text ready for any number of patterns. Case is folded character by character, by Unicode's simple mapping. */
export function foldText(text: string): FoldedText {
  const folded = new Uint32Array(text.length)
  let length = 0
  for (let index = 0; index < text.length; length += 1) {
    const character = text.codePointAt(index) ?? 0
    index += character > 0xffff ? 2 : 1
    folded[length] = foldCharacter(character)
  }
  return folded.subarray(0, length)
}

function foldCharacter(character: number): number {
  if (character < 0x80) return character >= 0x41 && character <= 0x5a ? character + 0x20 : character
  const lower = String.fromCodePoint(character).toLowerCase()
  const first = lower.codePointAt(0) ?? character
  return lower.length === (first > 0xffff ? 2 : 1) ? first : character
}

/**
 * A pattern in which `*` stands for any characters and `?` for exactly one; case does not matter. All places where a
 * match may be under way are followed at once, as bits of a few words, so a text costs its length times those words,
 * whatever the pattern: nothing is ever tried again.
 * @spec appendices/#glob-style-matching
 */
export class Glob {
  /** One bit for each character that the pattern asks for, and one for the end. */
  readonly #words: number
  /** The pattern's characters, by bit. */
  readonly #places = new Map<number, Uint32Array>()
  /** Places where any character will do. */
  readonly #anywhere: Uint32Array
  /** Places at which a `*` stands. */
  readonly #stars: Uint32Array
  readonly #end: number
  #steps = 0

  /** @param isLiteral `*` and `?` stand for themselves. */
  private constructor(pattern: string, isLiteral: boolean) {
    const characters = foldText(pattern)
    const isWild = (character: number, sign: number) => !isLiteral && character === sign
    this.#end = characters.filter((character) => !isWild(character, STAR)).length
    this.#words = Math.floor(this.#end / BITS) + 1
    this.#anywhere = new Uint32Array(this.#words)
    this.#stars = new Uint32Array(this.#words)
    let place = 0
    for (const character of characters) {
      if (isWild(character, STAR)) setBit(this.#stars, place)
      else if (isWild(character, QUESTION_MARK)) setBit(this.#anywhere, place++)
      else setBit(this.#placesOf(character), place++)
    }
    for (const places of this.#places.values()) addBits(places, this.#anywhere)
  }

  /** @returns undefined if the pattern is too long. */
  static compile(pattern: string): Glob | undefined {
    return pattern.length > MAX_GLOB_LENGTH ? undefined : new Glob(pattern, false)
  }

  /** A pattern without wildcards. @returns undefined if the text is too long. */
  static literal(text: string): Glob | undefined {
    return text.length > MAX_GLOB_LENGTH ? undefined : new Glob(text, true)
  }

  /** How many words of bits have been worked on so far, for tests that count work. */
  get steps(): number {
    return this.#steps
  }

  /** Whether the pattern matches a text from its beginning to its end. */
  matchesWhole(text: FoldedText): boolean {
    if (text.length < this.#end) return false
    const reached = new Uint32Array(this.#words)
    setBit(reached, 0)
    for (const character of text) if (!this.#advance(reached, character)) return false
    return hasBit(reached, this.#end)
  }

  /**
   * Whether the pattern matches a part of a text that begins and ends at a word boundary: the text's own ends, and
   * either side of any character but `[A-Za-z0-9_]`.
   * @spec client-server-api/#push-rules
   */
  matchesWords(text: FoldedText): boolean {
    if (text.length < this.#end) return false
    const reached = new Uint32Array(this.#words)
    for (let index = 0; index <= text.length; index += 1) {
      if (isBoundary(text, index)) {
        setBit(reached, 0)
        if (hasBit(reached, this.#end)) return true
      }
      const character = text[index]
      if (character !== undefined) this.#advance(reached, character)
    }
    return false
  }

  /** Goes on by one character. @returns whether a match is still under way. */
  #advance(reached: Uint32Array, character: number): boolean {
    const places = this.#places.get(character) ?? this.#anywhere
    let carried = 0
    let left = 0
    for (let index = 0; index < this.#words; index += 1) {
      const before = reached[index] ?? 0
      const moved = before & (places[index] ?? 0)
      const now = ((moved << 1) | carried | (before & (this.#stars[index] ?? 0))) >>> 0
      carried = moved >>> (BITS - 1)
      reached[index] = now
      left |= now
    }
    this.#steps += this.#words
    return left !== 0
  }

  #placesOf(character: number): Uint32Array {
    let places = this.#places.get(character)
    if (places === undefined) {
      places = new Uint32Array(this.#words)
      this.#places.set(character, places)
    }
    return places
  }
}

function isBoundary(text: FoldedText, index: number): boolean {
  return !isWordCharacter(text[index - 1]) || !isWordCharacter(text[index])
}

function isWordCharacter(character: number | undefined): boolean {
  if (character === undefined) return false
  const isDigit = character >= 0x30 && character <= 0x39
  const isLetter = character >= 0x61 && character <= 0x7a
  return isLetter || isDigit || character === 0x5f
}

function setBit(bits: Uint32Array, bit: number): void {
  const word = Math.floor(bit / BITS)
  bits[word] = ((bits[word] ?? 0) | (1 << (bit % BITS))) >>> 0
}

function hasBit(bits: Uint32Array, bit: number): boolean {
  return (((bits[Math.floor(bit / BITS)] ?? 0) >>> (bit % BITS)) & 1) === 1
}

function addBits(bits: Uint32Array, others: Uint32Array): void {
  for (let index = 0; index < bits.length; index += 1) bits[index] = ((bits[index] ?? 0) | (others[index] ?? 0)) >>> 0
}
