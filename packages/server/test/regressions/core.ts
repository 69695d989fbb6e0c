import {
  generateSigningKey,
  parseServerName,
  parseUserId,
  type RoomVersion,
  ROOM_VERSIONS,
  type UserId,
} from '@magik/protocol'
import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { createCore } from '../../src/composition/core.ts'
import { openDatabase } from '../../src/composition/database.ts'
import { createStores } from '../../src/composition/stores.ts'
import { ManualClock } from '../../src/platform/clock/manual-clock.ts'
import { configFromObject } from '../../src/platform/config/index.ts'
import type { DatabaseSurroundings } from '../../src/platform/database/database.ts'
import { silentLogger } from '../../src/platform/log/logger.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import type { EventDraft } from '../../src/services/events/event-draft.ts'
import { createDatabase, SERVER_NAME, temporaryFolder, testConfig } from '../harness/index.ts'

export const ALICE = parseUserId(`@alice:${SERVER_NAME}`)

/** The write path alone, on a database of its own. */
export async function testCore(options: DatabaseSurroundings = {}) {
  const folder = temporaryFolder()
  await createDatabase(folder)
  const config = configFromObject(testConfig(folder), { cwd: folder })
  const logger = silentLogger()
  const registry = createMetricsRegistry({ serverName: SERVER_NAME, version: '0' })
  const database = await openDatabase({ config, logger, registry, randomBytes }, { synchronous: 'OFF', ...options })
  onTestFinished(() => database.close())
  const stores = createStores(database)
  const foundations = {
    config,
    serverName: parseServerName(SERVER_NAME),
    clock: new ManualClock(),
    randomBytes,
    logger,
    registry,
    database,
    epoch: 'epoch',
  }
  const core = createCore(foundations, stores, { signingKey: generateSigningKey(), treeSeed: new Uint8Array(16) })
  return { ...core, core, foundations, stores, database, folder, createRoom: () => createRoom(core) }
}

async function createRoom({ eventSender }: Pick<ReturnType<typeof createCore>, 'eventSender'>) {
  const version = ROOM_VERSIONS.get('12') as RoomVersion
  const { roomId } = await eventSender.createRoom({
    creator: ALICE,
    version,
    drafts: [
      { type: 'm.room.create', stateKey: '', content: { room_version: '12' }, sender: ALICE },
      { type: 'm.room.member', stateKey: ALICE, content: { membership: 'join' }, sender: ALICE },
    ],
  })
  return roomId
}

/** Alice invites somebody. */
export function invitation(userId: UserId): EventDraft {
  return { type: 'm.room.member', stateKey: userId, content: { membership: 'invite' }, sender: ALICE }
}

/** Alice says something. */
export function message(body: string): EventDraft {
  return { type: 'm.room.message', content: { msgtype: 'm.text', body }, sender: ALICE }
}
