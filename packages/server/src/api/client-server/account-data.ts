import { isRoomId, isUserId } from '@magik/protocol'
import Type from 'typebox'
import { brandedString, JsonObject } from '../../platform/http/schemas.ts'
import type { AccountData } from '../../services/users/account-data.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

const globalPath = { userId: brandedString(isUserId), type: Type.String() }
const roomPath = { ...globalPath, roomId: brandedString(isRoomId) }

/** @spec client-server-api/#put_matrixclientv3useruseridaccount_datatype */
export const setAccountData = endpoint({
  route: 'PUT /_matrix/client/v3/user/{userId}/account_data/{type}',
  also: olderPaths('/user/{userId}/account_data/{type}'),
  auth: 'user',
  path: globalPath,
  body: JsonObject,
  async handle({ path, body, requester }, { accountData }: { accountData: AccountData }) {
    await accountData.set(requester, { ...path, roomId: undefined }, body)
    return {}
  },
})

/** @spec client-server-api/#get_matrixclientv3useruseridaccount_datatype */
export const getAccountData = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/account_data/{type}',
  also: olderPaths('/user/{userId}/account_data/{type}'),
  auth: 'user',
  path: globalPath,
  handle: ({ path, requester }, { accountData }: { accountData: AccountData }) =>
    accountData.get(requester, { ...path, roomId: undefined }),
})

/** @spec client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype */
export const setAccountDataPerRoom = endpoint({
  route: 'PUT /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}',
  also: olderPaths('/user/{userId}/rooms/{roomId}/account_data/{type}'),
  auth: 'user',
  path: roomPath,
  body: JsonObject,
  async handle({ path, body, requester }, { accountData }: { accountData: AccountData }) {
    await accountData.set(requester, path, body)
    return {}
  },
})

/** @spec client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype */
export const getAccountDataPerRoom = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/rooms/{roomId}/account_data/{type}',
  also: olderPaths('/user/{userId}/rooms/{roomId}/account_data/{type}'),
  auth: 'user',
  path: roomPath,
  handle: ({ path, requester }, { accountData }: { accountData: AccountData }) => accountData.get(requester, path),
})
