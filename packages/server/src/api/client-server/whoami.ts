import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** @spec client-server-api/#get_matrixclientv3accountwhoami */
export const getTokenOwner = endpoint({
  route: 'GET /_matrix/client/v3/account/whoami',
  also: olderPaths('/account/whoami'),
  auth: 'guest',
  handle: ({ requester: { userId, deviceId, isGuest } }) => ({
    user_id: userId,
    ...(deviceId !== undefined && { device_id: deviceId }),
    is_guest: isGuest,
  }),
})
