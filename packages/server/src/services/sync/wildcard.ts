/**
 * Whether a text matches a pattern in which `*` stands for any characters, in time linear in the product of both
 * lengths at worst, without backtracking further than the last `*`.
 * @spec client-server-api/#filtering
 */
export function matchesWildcard(pattern: string, text: string): boolean {
  if (!pattern.includes('*')) return pattern === text
  let inPattern = 0
  let inText = 0
  let star = -1
  let resume = 0
  while (inText < text.length) {
    if (pattern[inPattern] === '*') {
      star = inPattern
      resume = inText
      inPattern += 1
    } else if (inPattern < pattern.length && pattern[inPattern] === text[inText]) {
      inPattern += 1
      inText += 1
    } else if (star >= 0) {
      inPattern = star + 1
      resume += 1
      inText = resume
    } else {
      return false
    }
  }
  while (pattern[inPattern] === '*') inPattern += 1
  return inPattern === pattern.length
}
