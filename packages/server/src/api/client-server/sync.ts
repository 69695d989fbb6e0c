import Type from 'typebox'
import { jsonText } from '../../platform/http/reply.ts'
import type { Requester } from '../../services/auth/requester.ts'
import { parseStreamToken } from '../../services/sync/stream-token.ts'
import type { SyncFilters } from '../../services/sync/sync-filters.ts'
import type { SyncFilter } from '../../services/sync/sync-filter.ts'
import type { SyncService } from '../../services/sync/sync-service.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** What is new for the user; waits when there is nothing. @spec client-server-api/#get_matrixclientv3sync */
export const sync = endpoint({
  route: 'GET /_matrix/client/v3/sync',
  also: olderPaths('/sync'),
  auth: 'guest',
  query: {
    filter: Type.Optional(Type.String()),
    since: Type.Optional(Type.String()),
    full_state: Type.Optional(Type.Boolean()),
    set_presence: Type.Optional(
      Type.Union([Type.Literal('offline'), Type.Literal('online'), Type.Literal('unavailable')]),
    ),
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
  },
  async handle(
    { query, requester, request },
    { syncService, syncFilters }: { syncService: SyncService; syncFilters: SyncFilters },
  ) {
    const filter = await syncFilters.find(requester, query.filter)
    const { userId, userNid, deviceId } = requester
    const body = await syncService.sync({
      reader: { userId, userNid, deviceId, deviceKey: deviceKeyOf(requester), filter, ...formOf(filter) },
      since: query.since === undefined || query.since === '' ? undefined : parseStreamToken(query.since),
      fullState: query.full_state ?? false,
      timeoutMs: query.timeout ?? 0,
      signal: AbortSignal.any([request.draining, request.disconnected]),
    })
    return jsonText(body)
  },
})

/** How the client wants events shown. */
function formOf({ eventFields, eventFormat }: SyncFilter) {
  return { eventFields, eventFormat }
}

/** Names what the client remembers: its device, or without one its token. */
function deviceKeyOf({ userNid, deviceId, tokenHash }: Requester): string {
  const client = deviceId ?? (tokenHash === undefined ? '' : Buffer.from(tokenHash).toString('hex'))
  return `${userNid}/${client}`
}
