/** Up to so many texts, moving each to its place beats a general sort. */
const FEW = 20

/**
 * Compares texts by code point. JavaScript's `<` goes by UTF-16 units, which puts the code points beyond U+FFFF, spelt
 * with surrogates, before U+E000 to U+FFFF.
 * @returns a negative number if `a` comes first, a positive one if `b` does, 0 if they are equal.
 */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const unitA = a.charCodeAt(i)
    const unitB = b.charCodeAt(i)
    if (unitA !== unitB) return rank(unitA) - rank(unitB)
  }
  return a.length - b.length
}

/** Sorts in place. */
export function sortByCodePoint(texts: string[]): void {
  if (texts.length > FEW) {
    texts.sort(compareCodePoints)
    return
  }
  for (let i = 1; i < texts.length; i++) {
    const text = texts[i] ?? ''
    let place = i
    for (let before = texts[place - 1]; before !== undefined; before = texts[place - 1]) {
      if (compareCodePoints(before, text) <= 0) break
      texts[place] = before
      place--
    }
    texts[place] = text
  }
}

/** Where a UTF-16 unit sorts: surrogates behind every other unit. */
function rank(unit: number): number {
  if (unit < 0xd800) return unit
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}
