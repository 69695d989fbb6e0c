import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventIdOf, parseJsonText, parsePdu, ROOM_VERSIONS } from '@magik/protocol'
import { describe, expect, test } from 'vitest'
import { type RunningServer, testServer, until } from '../harness/index.ts'
import { isOnPostgres } from '../harness/postgres.ts'
import { countStored, stored } from './stored.ts'

const DAY_MS = 24 * 60 * 60_000

/** How often the server looks. */
const INTERVAL_MS = 5 * 60_000

/** Whether a text stands anywhere in the database file, once everything is in it. */
function isInFile({ folder }: RunningServer, text: string): boolean {
  return readFileSync(join(folder, 'homeserver.db')).includes(text)
}

/** Time passes, and the server looks for redacted events whose time has come. */
async function pass({ clock, server }: RunningServer, ms: number): Promise<void> {
  clock.setWallTime(clock.now() + ms - INTERVAL_MS)
  const { batches } = server.database.counts()
  await clock.advance(INTERVAL_MS)
  await until('the job has run', () => server.database.counts().batches > batches)
}

describe('redaction_retention_period', () => {
  // The larger one has pages of its own in the file, which are given up when it becomes short.
  test.each([
    ['11', 20],
    ['12', 30_000],
  ])('version %s, %i bytes: no byte of the original is left, and the ID stays good', async (roomVersion, length) => {
    // given a redacted message and a redacted topic
    const running = await testServer({ users: ['alice'] })
    const { alice } = running
    const room = await alice.createRoom({ roomVersion })
    const secret = 'unspeakable'.repeat(Math.ceil(length / 11))
    const { event_id: message } = await alice.send(room, secret)
    const topic = await alice.setState(room, 'm.room.topic', { topic: secret })
    const { event_id: kept } = await alice.send(room, 'innocent words')
    await alice.redact(room, message)
    await alice.redact(room, topic)
    // when not quite the period has passed
    await pass(running, 7 * DAY_MS - 1)
    expect(await storedJson(running, message)).toContain('unspeakable')
    // and when it has
    await pass(running, INTERVAL_MS)
    await until('it is overwritten', async () => !(await storedJson(running, topic)).includes('unspeakable'))
    // then what is stored is what is shown, under the same ID
    for (const eventId of [message, topic]) {
      const version = ROOM_VERSIONS.get(roomVersion)!
      const pdu = parsePdu(parseJsonText(await storedJson(running, eventId)), version)
      expect(pdu.content).toEqual({})
      expect(eventIdOf(pdu, version)).toBe(eventId)
      expect((await alice.event(room, eventId)).content).toEqual({})
    }
    expect(await alice.state(room, 'm.room.topic')).toEqual({})
    expect((await alice.event(room, kept)).content).toMatchObject({ body: 'innocent words' })
    await alice.send(room, 'and life goes on')
    // What PostgreSQL leaves in its pages is for its VACUUM.
    if (isOnPostgres) return
    await running.stop()
    expect(isInFile(running, 'unspeakable')).toBe(false)
    expect(isInFile(running, 'innocent words')).toBe(true)
  })

  test('null keeps originals', async () => {
    const running = await testServer({ users: ['alice'], config: { redaction_retention_period: null } })
    const { alice, clock } = running
    const room = await alice.createRoom()
    const { event_id: message } = await alice.send(room, 'unspeakable')
    await alice.redact(room, message)
    clock.setWallTime(clock.now() + 400 * DAY_MS)
    await clock.advance(INTERVAL_MS)
    await alice.send(room, 'much later')
    expect(await storedJson(running, message)).toContain('unspeakable')
  })

  test('many redactions are worked off in steps', async () => {
    const running = await testServer({ users: ['alice'], config: { redaction_retention_period: '1h' } })
    const { alice } = running
    const room = await alice.createRoom()
    for (let i = 0; i < 130; i += 1) {
      const { event_id: message } = await alice.send(room, `unspeakable ${i}`)
      await alice.redact(room, message)
    }
    await pass(running, 65 * 60_000)
    await until(
      'all are overwritten',
      async () => (await countStored(running, 'events', `json LIKE '%unspeakable%'`)) === 0,
    )
    expect(await countStored(running, 'events', `redacted_by IS NOT NULL`)).toBe(130)
  })
})

async function storedJson(running: RunningServer, eventId: string): Promise<string> {
  const [row] = await stored(running, `SELECT json FROM events WHERE event_id = '${eventId}'`)
  return String(row?.['json'])
}
