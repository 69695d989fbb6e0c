import { parseSigningKeyFile, verifyJson } from '@magik/protocol'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { refused, SERVER_NAME, testServer } from './harness/index.ts'

test('getServerKey: the key that signs events, signed by itself', async () => {
  const { anybody, clock, folder } = await testServer()
  const [key] = parseSigningKeyFile(readFileSync(join(folder, 'signing.key'), 'utf8'))
  const keys = await anybody.get<Record<string, never>>('/_matrix/key/v2/server')
  expect(keys).toMatchObject({ server_name: SERVER_NAME, verify_keys: { [key.keyId]: { key: expect.any(String) } } })
  expect(Number(keys['valid_until_ts'])).toBeGreaterThan(clock.now())
  expect(verifyJson(keys, SERVER_NAME, key.keyId, key.publicKey)).toBe(true)
  await refused(anybody.get('/_matrix/key/v2/none'), 'M_UNRECOGNIZED', 404)
})

test('getVersion: names the software', async () => {
  const { anybody } = await testServer()
  expect(await anybody.get('/_matrix/federation/v1/version')).toEqual({
    server: { name: 'Magik', version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
  })
  await refused(anybody.post('/_matrix/federation/v1/version'), 'M_UNRECOGNIZED', 405)
})
