import { generateSigningKey } from '@magik/protocol'
import { expect, test } from 'vitest'
import { createCore } from '../../src/composition/core.ts'
import { createLogger } from '../../src/platform/log/logger.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import { SERVER_NAME } from '../harness/index.ts'
import { ALICE, testCore } from '../regressions/core.ts'
import { known, member, outcome, RemoteServer, says } from './remote-server.ts'
import { observing, publicRoom } from './shared-room.ts'

/** A shared room of a core whose log and metrics are looked at. */
async function watchedRoom(version: string) {
  const { foundations, stores } = await testCore()
  const lines: Record<string, unknown>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const logger = createLogger({ level: 'warn', destination })
  const registry = createMetricsRegistry({ serverName: SERVER_NAME, version: '0' })
  const keys = { signingKey: generateSigningKey(), treeSeed: new Uint8Array(16) }
  const core = createCore({ ...foundations, logger, registry }, stores, keys)
  const roomId = await publicRoom(core, { version, powerLevels: { users: { '@rory:remote.example': 50 } } })
  const remote = new RemoteServer(core)
  const join = await remote.joins(roomId)
  const { roomNid } = await known(core, join)
  const observed = {
    rows: () => stores.roomGraphStore.stateResets(roomNid, 10),
    counted: async () => /^magik_state_resets_total(?:\{.*\})? (\d+)$/m.exec(await registry.metrics())?.[1],
    logged: () => lines.filter(({ msg }) => msg === 'state reset'),
  }
  return { core, stores, roomId, remote, join, ...observing(core, roomId), ...observed }
}

/** Carol joins twice over, on two branches; on one of them Alice then closes the door. */
async function membersLoss(shared: Awaited<ReturnType<typeof watchedRoom>>) {
  const { core, remote, roomId, join } = shared
  const carol = remote.user('carol')
  const first = await remote.joins(roomId, carol)
  const rules = { type: 'm.room.join_rules', stateKey: '', content: { join_rule: 'invite' }, sender: ALICE }
  const closing = await core.eventSender.send(roomId, { ...rules, originServerTs: 1_700_000_500_000 })
  const again = { ...member(carol, 'join'), content: { membership: 'join', displayname: 'Carol' } }
  const second = await remote.sends(roomId, again, { after: [join] })
  expect(outcome(second.receipt)).toBe('accepted')
  return { carol, first, closing, second }
}

test.each(['10', '11'])(
  'in room version %s a member whom resolution takes away is kept, counted and logged',
  async (version) => {
    const shared = await watchedRoom(version)
    const { core, stores, current, rows, counted, logged, head, roomId } = shared
    expect(await counted()).toBe('0')
    const { carol, first, closing, second } = await membersLoss(shared)
    // then she is in the room no longer, although all branches had her
    expect(await current('m.room.member', carol)).toBeUndefined()
    const reset = { type: 'm.room.member', stateKey: carol, resolved: undefined, atFault: [closing.eventId] }
    const { position } = await known(core, second)
    expect(await rows()).toEqual([
      {
        ...reset,
        lost: expect.arrayContaining([first.eventId, second.eventId]),
        position,
        noticedTs: 1_700_000_000_000,
      },
    ])
    expect(await counted()).toBe('1')
    const { resolved: _, ...named } = reset
    expect(logged()).toEqual([expect.objectContaining({ ...named, level: 'warn', roomId, eventId: second.eventId })])
    // and the projections follow
    const [row] = await stores.membershipStore.ofUser((await core.userNumbers.find(carol))!)
    expect(row).toMatchObject({ membership: 'leave', position })
    expect((await head()).committed.joinedMembers).toBe(2)
  },
)

test('a state reset is told once, whatever comes after it', async () => {
  const shared = await watchedRoom('11')
  const { remote, roomId, alice, rows, counted, logged, second } = { ...shared, ...(await membersLoss(shared)) }
  // when the branches stay apart for a while, and are then joined
  await remote.sends(roomId, says('still here', remote.user('carol')), { after: [second] })
  await remote.sends(roomId, says('and here', remote.user('carol')), { after: [second] })
  await alice.says('together')
  await remote.sends(roomId, says('late', remote.user('carol')), { after: [second] })
  expect(await rows()).toHaveLength(1)
  expect(await counted()).toBe('1')
  expect(logged()).toHaveLength(1)
})

test('a ban that takes effect on another branch is no state reset', async () => {
  const { remote, roomId, join, alice, current, rows, counted } = await watchedRoom('11')
  const sam = remote.user('sam')
  const samsJoin = await remote.joins(roomId, sam)
  await alice.makes(remote.user(), 'ban')
  const topic = { type: 'm.room.topic', stateKey: '', content: { topic: 'rory was here' } }
  const late = await remote.sends(roomId, topic, { after: [samsJoin] })
  expect(outcome(late.receipt)).toBe('softFailed')
  const sams = await remote.sends(roomId, says('nice', sam), { after: [late] })
  expect(outcome(sams.receipt)).toBe('accepted')
  expect(await current('m.room.topic')).toBeUndefined()
  expect(await current('m.room.member', ALICE)).toBeDefined()
  expect(join).toBeDefined()
  expect(await rows()).toEqual([])
  expect(await counted()).toBe('0')
})
