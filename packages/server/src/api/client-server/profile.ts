import { isUserId, MatrixError } from '@magik/protocol'
import Type from 'typebox'
import { brandedString, JsonObject } from '../../platform/http/schemas.ts'
import type { Profiles } from '../../services/users/profiles.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

const userId = brandedString(isUserId)
const field = { userId, keyName: Type.String() }

/** @spec client-server-api/#get_matrixclientv3profileuserid */
export const getUserProfile = endpoint({
  route: 'GET /_matrix/client/v3/profile/{userId}',
  also: olderPaths('/profile/{userId}'),
  auth: 'optional',
  path: { userId },
  handle: ({ path, requester }, { profiles }: { profiles: Profiles }) => profiles.get(path.userId, requester),
})

/** @spec client-server-api/#get_matrixclientv3profileuseridkeyname */
export const getProfileField = endpoint({
  route: 'GET /_matrix/client/v3/profile/{userId}/{keyName}',
  also: olderPaths('/profile/{userId}/{keyName}'),
  auth: 'optional',
  path: field,
  async handle({ path, requester }, { profiles }: { profiles: Profiles }) {
    return { [path.keyName]: await profiles.getField(path.userId, path.keyName, requester) }
  },
})

/** @spec client-server-api/#put_matrixclientv3profileuseridkeyname */
export const setProfileField = endpoint({
  route: 'PUT /_matrix/client/v3/profile/{userId}/{keyName}',
  also: olderPaths('/profile/{userId}/{keyName}'),
  auth: 'guest',
  path: field,
  body: JsonObject,
  async handle({ path, body, requester }, { profiles }: { profiles: Profiles }) {
    const value = Object.hasOwn(body, path.keyName) ? body[path.keyName] : undefined
    if (value === undefined) throw new MatrixError('M_MISSING_PARAM', 'The body lacks the field that the path names')
    await profiles.setField(requester, { userId: path.userId, name: path.keyName, value })
    return {}
  },
})

/** @spec client-server-api/#delete_matrixclientv3profileuseridkeyname */
export const deleteProfileField = endpoint({
  route: 'DELETE /_matrix/client/v3/profile/{userId}/{keyName}',
  also: olderPaths('/profile/{userId}/{keyName}'),
  auth: 'guest',
  path: field,
  async handle({ path, requester }, { profiles }: { profiles: Profiles }) {
    await profiles.setField(requester, { userId: path.userId, name: path.keyName, value: undefined })
    return {}
  },
})
