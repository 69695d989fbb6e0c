import { isUserId } from '@magik/protocol'
import Type from 'typebox'
import { brandedString, JsonObject } from '../../platform/http/schemas.ts'
import type { Filters } from '../../services/users/filters.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** The same filter gets the same ID. @spec client-server-api/#post_matrixclientv3useruseridfilter */
export const defineFilter = endpoint({
  route: 'POST /_matrix/client/v3/user/{userId}/filter',
  also: olderPaths('/user/{userId}/filter'),
  auth: 'guest',
  path: { userId: brandedString(isUserId) },
  body: JsonObject,
  reply: { filter_id: Type.String() },
  async handle({ path, body, requester }, { filters }: { filters: Filters }) {
    return { filter_id: await filters.define(requester, path.userId, body) }
  },
})

/** @spec client-server-api/#get_matrixclientv3useruseridfilterfilterid */
export const getFilter = endpoint({
  route: 'GET /_matrix/client/v3/user/{userId}/filter/{filterId}',
  also: olderPaths('/user/{userId}/filter/{filterId}'),
  auth: 'guest',
  path: { userId: brandedString(isUserId), filterId: Type.String() },
  handle: ({ path, requester }, { filters }: { filters: Filters }) =>
    filters.get(requester, path.userId, path.filterId),
})
