import { clientAuthenticators } from '../api/authenticators.ts'
import * as accountData from '../api/client-server/account-data.ts'
import * as administrativeContact from '../api/client-server/administrative_contact.ts'
import * as banning from '../api/client-server/banning.ts'
import * as capabilities from '../api/client-server/capabilities.ts'
import * as createRoom from '../api/client-server/create_room.ts'
import * as deviceManagement from '../api/client-server/device_management.ts'
import * as directory from '../api/client-server/directory.ts'
import * as eventContext from '../api/client-server/event_context.ts'
import * as filter from '../api/client-server/filter.ts'
import * as inviting from '../api/client-server/inviting.ts'
import * as joining from '../api/client-server/joining.ts'
import * as kicking from '../api/client-server/kicking.ts'
import * as leaving from '../api/client-server/leaving.ts'
import * as listJoinedRooms from '../api/client-server/list_joined_rooms.ts'
import * as listPublicRooms from '../api/client-server/list_public_rooms.ts'
import * as login from '../api/client-server/login.ts'
import * as logout from '../api/client-server/logout.ts'
import * as messagePagination from '../api/client-server/message_pagination.ts'
import * as profile from '../api/client-server/profile.ts'
import * as pushrules from '../api/client-server/pushrules.ts'
import * as readMarkers from '../api/client-server/read_markers.ts'
import * as receipts from '../api/client-server/receipts.ts'
import * as redaction from '../api/client-server/redaction.ts'
import * as refresh from '../api/client-server/refresh.ts'
import * as registration from '../api/client-server/registration.ts'
import * as roomSend from '../api/client-server/room_send.ts'
import * as roomState from '../api/client-server/room_state.ts'
import * as rooms from '../api/client-server/rooms.ts'
import * as sync from '../api/client-server/sync.ts'
import * as versions from '../api/client-server/versions.ts'
import * as whoami from '../api/client-server/whoami.ts'
import * as pages from '../api/pages/pages.ts'
import * as keysServer from '../api/server-server/keys_server.ts'
import * as version from '../api/server-server/version.ts'
import * as synapseBlockRoom from '../api/synapse-admin/block_room.ts'
import * as synapseDeleteRoom from '../api/synapse-admin/delete_room.ts'
import * as synapsePurgeHistory from '../api/synapse-admin/purge_history.ts'
import * as synapseScheduledTasks from '../api/synapse-admin/scheduled_tasks.ts'
import * as synapseRegister from '../api/synapse-admin/register.ts'
import { HttpMetrics } from '../platform/http/http-metrics.ts'
import { HttpServer } from '../platform/http/http-server.ts'
import { addHealthRoute, addMetricsRoutes } from '../platform/http/operator-routes.ts'
import { registerEndpoints } from '../platform/http/register-endpoints.ts'
import type { ServerKeys } from '../services/federation/server-keys.ts'
import type { createAccounts } from './accounts.ts'
import type { Core } from './core.ts'
import { asRefusal, isOverload } from './database-errors.ts'
import type { Foundations } from './foundations.ts'
import type { createPurging } from './purging.ts'
import type { createReceipts } from './receipts.ts'
import type { createRooms } from './rooms.ts'
import type { Stores } from './stores.ts'
import type { createSync } from './sync.ts'

/** Everything that endpoints may ask for, by name. */
export type EndpointDeps = Core &
  Stores &
  ReturnType<typeof createAccounts> &
  ReturnType<typeof createRooms> &
  ReturnType<typeof createSync> &
  ReturnType<typeof createReceipts> &
  ReturnType<typeof createPurging> &
  Pick<Foundations, 'config' | 'clock'> & { readonly serverKeys: ServerKeys; readonly softwareVersion: string }

/** Makes the HTTP server with every endpoint of the API. */
export function createHttp({ config, clock, logger, registry }: Foundations, deps: EndpointDeps): HttpServer {
  const http = new HttpServer({
    clock,
    logger: logger.child({ component: 'http' }),
    metrics: new HttpMetrics(registry),
    isOverload,
    asRefusal,
  })
  addHealthRoute(http)
  if (config.enable_metrics) addMetricsRoutes(http, registry)
  const closure = config.hs_disabled
    ? { message: config.hs_disabled_message, adminContact: config.admin_contact }
    : undefined
  const options = { authenticators: clientAuthenticators(deps.authenticator, closure, deps.readBarrier) }
  // File by file: an operation ID is unique within a file only.
  registerEndpoints(http, pages, deps, options)
  registerEndpoints(http, keysServer, deps, options)
  registerEndpoints(http, version, deps, options)
  registerEndpoints(http, synapseRegister, deps, options)
  registerEndpoints(http, synapseBlockRoom, deps, options)
  registerEndpoints(http, synapseDeleteRoom, deps, options)
  registerEndpoints(http, synapsePurgeHistory, deps, options)
  registerEndpoints(http, synapseScheduledTasks, deps, options)
  registerEndpoints(http, accountData, deps, options)
  registerEndpoints(http, administrativeContact, deps, options)
  registerEndpoints(http, banning, deps, options)
  registerEndpoints(http, capabilities, deps, options)
  registerEndpoints(http, createRoom, deps, options)
  registerEndpoints(http, deviceManagement, deps, options)
  registerEndpoints(http, directory, deps, options)
  registerEndpoints(http, eventContext, deps, options)
  registerEndpoints(http, filter, deps, options)
  registerEndpoints(http, inviting, deps, options)
  registerEndpoints(http, joining, deps, options)
  registerEndpoints(http, kicking, deps, options)
  registerEndpoints(http, leaving, deps, options)
  registerEndpoints(http, listJoinedRooms, deps, options)
  registerEndpoints(http, listPublicRooms, deps, options)
  registerEndpoints(http, login, deps, options)
  registerEndpoints(http, logout, deps, options)
  registerEndpoints(http, messagePagination, deps, options)
  registerEndpoints(http, profile, deps, options)
  registerEndpoints(http, pushrules, deps, options)
  registerEndpoints(http, readMarkers, deps, options)
  registerEndpoints(http, receipts, deps, options)
  registerEndpoints(http, redaction, deps, options)
  registerEndpoints(http, refresh, deps, options)
  registerEndpoints(http, registration, deps, options)
  registerEndpoints(http, roomSend, deps, options)
  registerEndpoints(http, roomState, deps, options)
  registerEndpoints(http, rooms, deps, options)
  registerEndpoints(http, sync, deps, options)
  registerEndpoints(http, versions, deps, options)
  registerEndpoints(http, whoami, deps, options)
  return http
}
