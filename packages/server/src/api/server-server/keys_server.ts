import type { ServerKeys } from '../../services/federation/server-keys.ts'
import { endpoint } from '../endpoint.ts'

/** @spec server-server-api/#get_matrixkeyv2server */
export const getServerKey = endpoint({
  route: 'GET /_matrix/key/v2/server',
  // Servers of old asked for one key; the answer has always been all of them.
  also: ['/_matrix/key/v2/server/'],
  auth: 'none',
  handle: (_call, { serverKeys }: { serverKeys: ServerKeys }) => serverKeys.published(),
})
