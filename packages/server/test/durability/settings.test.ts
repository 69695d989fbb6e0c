import { expect, test } from 'vitest'
import { createMissingFiles } from '../../src/cli/first-start.ts'
import { configFromObject } from '../../src/platform/config/index.ts'
import { silentLogger } from '../../src/platform/log/logger.ts'
import { createServer } from '../../src/server.ts'
import { temporaryFolder } from '../harness/index.ts'

test('a server as it is configured by default waits for the disk with each commit', async () => {
  // given nothing but a server name
  const folder = temporaryFolder()
  const config = configFromObject({ server_name: 'example.org' }, { cwd: folder })
  createMissingFiles(config)
  // when the server has opened its database
  const server = await createServer(config, { logger: silentLogger() })
  try {
    // then the connection that writes says so itself: 2 is FULL
    expect(await server.database.writerSettings()).toMatchObject({
      journal_mode: 'wal',
      synchronous: 2,
      secure_delete: 1,
    })
  } finally {
    await server.stop()
  }
})
