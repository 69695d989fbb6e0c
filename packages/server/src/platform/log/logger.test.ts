import { expect, test } from 'vitest'
import { createLogger } from './logger.ts'

function collected(options: { plainText: boolean }): { lines: string[]; logger: ReturnType<typeof createLogger> } {
  const lines: string[] = []
  return {
    lines,
    logger: createLogger({ ...options, level: 'info', destination: { write: (l) => void lines.push(l) } }),
  }
}

test('createLogger: one JSON object a line, with the level by name and the fields of the child', () => {
  const { lines, logger } = collected({ plainText: false })
  logger.child({ requestId: 'r-1' }).info({ eventId: '$e' }, 'pdu rejected')
  logger.debug('not written')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'info', requestId: 'r-1', eventId: '$e', msg: 'pdu rejected' })
  expect(lines[0]!.endsWith('\n')).toBe(true)
})

test('createLogger: an error keeps its cause', () => {
  const { lines, logger } = collected({ plainText: false })
  logger.error({ err: new Error('outer', { cause: new Error('inner') }) }, 'request failed')
  expect(JSON.parse(lines[0]!)).toMatchObject({ err: { message: 'outer', cause: { message: 'inner' } } })
})

test('createLogger: plain text keeps a line one line, whatever a field holds', () => {
  const { lines, logger } = collected({ plainText: true })
  logger.warn({ path: '/a', agent: 'x\ny "z"' }, 'slow request')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow request path=\/a agent="x\\ny \\"z\\""\n$/)
})
