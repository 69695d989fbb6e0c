import { expect, test } from 'vitest'
import { createLogger } from '../log/logger.ts'
import { SystemdNotifier } from './sd-notify.ts'

function notifier(environment: Record<string, string>, run: (args: readonly string[]) => Promise<void>) {
  const lines: string[] = []
  const logger = createLogger({ destination: { write: (line) => void lines.push(line) } })
  const runProgram = (program: string, args: readonly string[]) => run([program, ...args])
  return { lines, notifier: new SystemdNotifier({ environment, processId: 42, logger, run: runProgram }) }
}

test('SystemdNotifier: says nothing where there is no systemd', async () => {
  const { notifier: silent } = notifier({}, async () => expect.unreachable())
  await silent.ready()
})

test('SystemdNotifier: tells start, reload and stop', async () => {
  const sent: (readonly string[])[] = []
  const { notifier: told } = notifier({ NOTIFY_SOCKET: '@/run/notify' }, async (args) => void sent.push(args))
  await told.ready()
  await told.reloading()
  await told.stopping()
  expect(sent).toEqual([
    ['systemd-notify', 'READY=1', 'MAINPID=42'],
    ['systemd-notify', 'RELOADING=1', expect.stringMatching(/^MONOTONIC_USEC=\d+$/)],
    ['systemd-notify', 'STOPPING=1'],
  ])
})

test('SystemdNotifier: a failure is a warning, never an error', async () => {
  const { lines, notifier: failing } = notifier({ NOTIFY_SOCKET: '/run/notify' }, async () => {
    throw new Error('ENOENT')
  })
  await failing.ready()
  expect(JSON.parse(lines[0]!)).toMatchObject({ level: 'warn', msg: 'systemd could not be notified' })
})
