import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** No account has third-party identifiers yet. @spec client-server-api/#get_matrixclientv3account3pid */
export const getAccount3PIDs = endpoint({
  route: 'GET /_matrix/client/v3/account/3pid',
  also: olderPaths('/account/3pid'),
  auth: 'user',
  handle: () => ({ threepids: [] }),
})
