import {
  addEventSignature,
  type JsonObject,
  parseEventId,
  parsePduDraft,
  parseJsonText,
  parseRoomId,
  parseServerName,
  parseUserId,
  type Pdu,
  ROOM_VERSIONS,
  redact,
  type RoomVersion,
  SigningKey,
  signEvent,
  stringifyJson,
} from '@magik/protocol'
import { Worker } from 'node:worker_threads'
import { afterAll, describe, expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../../platform/clock/manual-clock.ts'
import { startCheckThread } from './checking-thread.ts'
import type { PduCheck } from './messages.ts'
import { PduCheckError, PduChecker, type PduCheckerOptions } from './pdu-checker.ts'

const SERVER = parseServerName('a.example')
const KEY = new SigningKey('1', new Uint8Array(32).fill(1))
const KNOWN_KEYS = [{ serverName: SERVER, keyId: KEY.keyId, publicKey: KEY.publicKey, validUntilTs: 2e12 }]

function checker(options: Partial<PduCheckerOptions> = {}): PduChecker {
  const clock = new ManualClock()
  const made = new PduChecker({ clock, ...options })
  onTestFinished(() => closeStuck(made, options.clock instanceof ManualClock ? options.clock : clock))
  return made
}

/** Closes a checker whose threads may never answer. */
async function closeStuck(checks: PduChecker, clock: ManualClock): Promise<void> {
  const closing = checks.close()
  await clock.advance(60_000)
  await closing
}

/** A message of a room version; `body` is JSON text, whose numbers stay as they are spelt. */
function message(version: RoomVersion, body = '"hello"', fields: JsonObject = {}) {
  const content = parseJsonText(`{"msgtype":"m.text","body":${body}}`)
  const draft = {
    type: 'm.room.message',
    room_id: version.roomIdFormat === 'domain' ? parseRoomId('!r:a.example') : parseRoomId(`!${'R'.repeat(43)}`),
    sender: parseUserId('@alice:a.example'),
    content,
    prev_events: [],
    auth_events: [],
    depth: 5,
    origin_server_ts: 1_700_000_000_000,
    ...(version.eventIdFormat === 'assigned' && { event_id: '$e:a.example' }),
    ...fields,
  }
  return signEvent(parsePduDraft(draft, version), SERVER, KEY, version)
}

function check(version: RoomVersion, pdu: Pdu, keys: PduCheck['keys'] = KNOWN_KEYS): PduCheck {
  return { json: stringifyJson(pdu), roomVersion: version.id, keys }
}

/** For tests that ask for nothing but results. */
const SHARED = new PduChecker({ clock: new ManualClock() })
afterAll(() => SHARED.close())

const V12 = ROOM_VERSIONS.get('12')!
const ONE = check(V12, message(V12).pdu)

describe.each([...ROOM_VERSIONS])('room version %s', (_, version) => {
  test('a good event, one that was altered, one that was redacted, one wrongly signed, one malformed', async () => {
    const { pdu, eventId, roomId } = message(version)
    const accepted = { kind: 'accepted', eventId, roomId, redactedJson: undefined }
    const redacted = { ...accepted, redactedJson: stringifyJson(redact(pdu, version)) }
    const results = await SHARED.check([
      check(version, pdu),
      check(version, { ...pdu, content: { body: 'good-bye' } }),
      check(version, redact(pdu, version)),
      check(version, { ...pdu, depth: 6 }),
      check(version, pdu, []),
      check(version, { ...pdu, depth: -1 }),
      { ...check(version, pdu), json: '{"type":"m.room.message","type":"m.room.create"}' },
      check(version, pdu),
    ])
    const badly = { kind: 'badly-signed', signer: { role: 'sender', serverName: SERVER } }
    expect(results).toEqual([
      accepted,
      redacted,
      redacted,
      { ...badly, reason: 'wrong-signature' },
      { ...badly, reason: 'no-valid-key' },
      { kind: 'malformed', reason: expect.stringContaining('depth') },
      { kind: 'malformed', reason: 'The event is not JSON' },
      accepted,
    ])
  })
})

test('numbers are hashed as they were spelt where the room version has it so', async () => {
  const version = ROOM_VERSIONS.get('5')!
  const numbers = '[0.50,1e3,-0,9223372036854775807]'
  const { pdu, eventId, roomId } = message(version, numbers)
  const right = check(version, pdu)
  expect(right.json).toContain(numbers)
  const respelt = { ...right, json: right.json.replace('0.50', '0.5') }
  const results = await checker().check([right, respelt, { ...right, roomVersion: '6' }])
  expect(results).toEqual([
    { kind: 'accepted', eventId, roomId, redactedJson: undefined },
    { kind: 'accepted', eventId, roomId, redactedJson: expect.not.stringContaining('body') },
    { kind: 'malformed', reason: expect.stringContaining('content') },
  ])
})

test('a key that is none verifies nothing, and the thread lives on', async () => {
  const checks = checker()
  const keys = [{ ...KNOWN_KEYS[0]!, publicKey: new Uint8Array(31) }]
  expect(await checks.check([{ ...ONE, keys }])).toMatchObject([{ reason: 'no-valid-key' }])
  expect(await checks.check([ONE])).toMatchObject([{ kind: 'accepted' }])
})

test('every signer’s key is found by its server and ID', async () => {
  const version = ROOM_VERSIONS.get('1')!
  const other = parseServerName('b.example')
  const otherKey = new SigningKey('1', new Uint8Array(32).fill(2))
  const { pdu } = message(version, '1', { event_id: parseEventId('$e:b.example') })
  const both = addEventSignature(pdu, other, otherKey, version)
  const keys = [{ ...KNOWN_KEYS[0]!, serverName: other, publicKey: otherKey.publicKey }, ...KNOWN_KEYS]
  const results = await checker().check([check(version, both, keys), check(version, pdu, keys), check(version, both)])
  expect(results).toMatchObject([
    { kind: 'accepted', eventId: '$e:b.example' },
    { signer: { role: 'event-id', serverName: other }, reason: 'not-signed' },
    { signer: { role: 'event-id', serverName: other }, reason: 'no-valid-key' },
  ])
})

test('order is kept over batches, requests and threads', async () => {
  const events = Array.from({ length: 40 }, (_, i) => message(V12, String(i)))
  const checks = checker({ threads: 2, batchChecks: 7, batchBytes: 2_000 })
  const halves = [events.slice(0, 25), events.slice(25)]
  const results = await Promise.all(halves.map((half) => checks.check(half.map(({ pdu }) => check(V12, pdu)))))
  expect(results.flat()).toEqual(
    events.map(({ eventId, roomId }) => ({ kind: 'accepted', eventId, roomId, redactedJson: undefined })),
  )
})

test('nothing to check needs no thread', async () => {
  const startThread = () => {
    throw new Error('a thread was started')
  }
  expect(await checker({ startThread }).check([])).toEqual([])
})

describe('bounds', () => {
  /** A thread that never answers. */
  const startThread = () =>
    new Worker('require("node:worker_threads").parentPort.on("message", () => {})', { eval: true })

  function stuck(options: Partial<PduCheckerOptions>): {
    clock: ManualClock
    checks: PduChecker
    pending: Promise<PromiseSettledResult<unknown>[]>[]
  } {
    const clock = new ManualClock()
    // Batches outlast the wait of `close`.
    const checks = checker({ startThread, batchTimeoutMs: 100_000, batchChecks: 1, clock, ...options })
    // The first is under way, and waits no more.
    return { clock, checks, pending: [Promise.allSettled([checks.check([ONE])])] }
  }

  test('of checks: what does not fit whole is not taken at all', async () => {
    const { clock, checks, pending } = stuck({ queuedChecks: 3 })
    pending.push(Promise.allSettled([checks.check([ONE, ONE])]))
    await expect(checks.check([ONE, ONE])).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 503 })
    expect(checks.waiting).toBe(2)
    pending.push(Promise.allSettled([checks.check([ONE])]))
    await expect(checks.check([ONE])).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 503 })
    await expect(checks.check([ONE, ONE, ONE, ONE])).rejects.toThrow(RangeError)
    await closeStuck(checks, clock)
    expect((await Promise.all(pending)).flat()).toMatchObject(
      pending.map(() => ({ reason: new PduCheckError('the checker is closed') })),
    )
  })

  test('of bytes', async () => {
    const bytes = Buffer.byteLength(ONE.json)
    const { clock, checks, pending } = stuck({ queuedBytes: 2 * bytes })
    pending.push(Promise.allSettled([checks.check([ONE, ONE])]))
    await expect(checks.check([ONE])).rejects.toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', status: 503 })
    await expect(checks.check([ONE, ONE, ONE])).rejects.toThrow(RangeError)
    await closeStuck(checks, clock)
    await Promise.all(pending)
  })

  test('of time: a thread that gets stuck fails its batch and is replaced', async () => {
    const clock = new ManualClock()
    const threads = [startThread, startCheckThread]
    const checks = checker({ clock, batchTimeoutMs: 1_000, startThread: () => threads.shift()!() })
    const stuckOnes = Promise.allSettled([checks.check([ONE])])
    await clock.advance(999)
    expect(threads).toHaveLength(1)
    await clock.advance(1)
    expect(await stuckOnes).toMatchObject([{ reason: expect.any(PduCheckError) }])
    expect(await checks.check([ONE])).toMatchObject([{ kind: 'accepted' }])
    expect(threads).toHaveLength(0)
  })
})

describe('a thread that dies', () => {
  const dying = () =>
    new Worker('require("node:worker_threads").parentPort.on("message", () => process.exit(1))', { eval: true })
  const neverStarting = () => new Worker('throw new Error("no such module")', { eval: true })

  test.each([
    ['on its work', dying],
    ['before it starts', neverStarting],
  ])('%s: fails the checks it had; the next go to another', async (_, startThread) => {
    const threads = [startThread, startCheckThread]
    const checks = checker({ batchChecks: 1, startThread: () => threads.shift()!() })
    const [first, second] = await Promise.allSettled([checks.check([ONE, ONE]), checks.check([ONE])])
    expect(first).toMatchObject({ status: 'rejected', reason: expect.any(PduCheckError) })
    expect(second).toMatchObject({ status: 'fulfilled', value: [{ kind: 'accepted' }] })
    expect(checks.waiting).toBe(0)
  })

  test('and cannot be started again: the checks fail, and so do the next until one starts', async () => {
    const refusing = () => {
      throw new Error('no more threads')
    }
    const threads = [dying, refusing, refusing, startCheckThread]
    const checks = checker({ batchChecks: 1, startThread: () => threads.shift()!() })
    const outcomes = await Promise.allSettled([checks.check([ONE]), checks.check([ONE])])
    expect(outcomes).toMatchObject([{ reason: expect.any(PduCheckError) }, { reason: expect.any(PduCheckError) }])
    await expect(checks.check([ONE])).rejects.toThrow('no thread for checks can be started')
    expect(await checks.check([ONE])).toMatchObject([{ kind: 'accepted' }])
  })
})

describe('close', () => {
  test('waits for what was taken, and takes no more', async () => {
    const checks = checker({ batchChecks: 2 })
    let isDone = false
    const taken = checks.check(Array.from({ length: 9 }, () => ONE)).then((results) => {
      isDone = true
      return results
    })
    await checks.close()
    expect(isDone).toBe(true)
    expect(await taken).toHaveLength(9)
    await expect(checks.check([ONE])).rejects.toThrow('the checker is closed')
  })

  test('ends also when nothing was ever asked, and twice', async () => {
    const checks = checker()
    await checks.close()
    await checks.close()
  })

  test('works after the checker has been idle', async () => {
    const checks = checker()
    await checks.check([ONE])
    const taken = checks.check([ONE, ONE])
    await checks.close()
    expect(await taken).toHaveLength(2)
  })
})
