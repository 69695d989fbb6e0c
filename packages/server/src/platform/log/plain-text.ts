import type { DestinationStream } from 'pino'

/** Turns each JSON line into `12:34:56.789 INFO  message key=value`, for a person at a terminal. */
export function plainTextLines(destination: DestinationStream): DestinationStream {
  return { write: (line) => destination.write(plainTextLine(line)) }
}

function plainTextLine(line: string): string {
  const entry: unknown = JSON.parse(line)
  if (typeof entry !== 'object' || entry === null) return line
  let time = ''
  let level = ''
  let message = ''
  const fields: string[] = []
  const stacks: string[] = []
  for (const [key, value] of Object.entries(entry)) {
    if (key === 'time') time = String(value).slice(11, 23)
    else if (key === 'level') level = String(value).toUpperCase().padEnd(5)
    else if (key === 'msg') message = String(value)
    else if (key === 'err' && isLoggedError(value)) {
      fields.push(`err=${JSON.stringify(value.message)}`)
      stacks.push(value.stack)
    } else fields.push(`${key}=${typeof value === 'string' ? plainWord(value) : JSON.stringify(value)}`)
  }
  return `${[`${time} ${level} ${message}`, ...fields].join(' ')}\n${stacks.map((stack) => `${stack}\n`).join('')}`
}

function isLoggedError(value: unknown): value is { message: string; stack: string } {
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value
}

/** A word stands as it is; anything with blanks, quotes or control characters is quoted, so that a line stays one line. */
function plainWord(text: string): string {
  return /^[^\s"'\p{Cc}]+$/u.test(text) ? text : JSON.stringify(text)
}
