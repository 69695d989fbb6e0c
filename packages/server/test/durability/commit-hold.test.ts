import { expect, test, vi } from 'vitest'
import type { WriteEntry, WriteResult } from '../../src/platform/database/database.ts'
import { CommitGate, type RunningServer, testServer, until } from '../harness/index.ts'
import { commitHoldFaults } from '../proofs/commit-hold.ts'

async function heldRoom() {
  const gate = new CommitGate()
  const server = await testServer({
    users: ['alice', 'bob'],
    surroundings: { database: { commitGate: gate.pass } },
  })
  const { alice, bob } = server
  const room = await alice.createRoomWith([bob])
  await alice.send(room, 'before')
  return { server, gate, room, alice, bob }
}

test('nothing is answered or delivered before it is durable, and everything right after', async () => {
  expect(await commitHoldFaults(await heldRoom())).toEqual([])
})

test('a server that answers before the commit does not pass', async () => {
  const held = await heldRoom()
  answerEarly(held.server)
  const faults = await commitHoldFaults(held)
  expect(faults).toContain('a message was answered before it was durable')
  expect(faults).toContain("bob's long-poll was answered before anything was durable")
})

test('stopping waits for what is being committed', async () => {
  // given a message whose commit is held
  const { server, gate, room, alice } = await heldRoom()
  gate.close()
  const answer = alice.send(room, 'late')
  await until('the commit is held', () => gate.isHolding)
  // when the server is told to stop, and the disk comes back
  const stopped = server.stop()
  gate.open()
  const { event_id: eventId } = await answer
  await stopped
  // then what was acknowledged is there
  const restarted = await testServer({ folder: server.folder })
  expect(await alice.through(restarted.transport).event(room, eventId)).toMatchObject({ content: { body: 'late' } })
})

/** Makes the server believe each commit has happened when it has only been asked for. */
function answerEarly({ server: { database } }: RunningServer): void {
  const write = database.write.bind(database)
  let position = database.position()
  vi.spyOn(database, 'write').mockImplementation(async (entry: WriteEntry): Promise<WriteResult> => {
    const first = position + 1
    position += entry.positions ?? 0
    void write(entry)
    return { committed: true, position: first, rows: entry.statements.map(() => []), rowsChanged: 0 }
  })
}
