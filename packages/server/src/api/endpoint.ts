import { endpointFunction } from '../platform/http/endpoint.ts'
import type { Requester } from '../services/auth/requester.ts'

/** Kinds of authentication of the client-server API and of Synapse's admin API, and what handlers get. */
export interface ClientRequesters {
  /** Anybody; a token is not looked at. */
  none: undefined
  /** Anybody, but a token must be good if there is one. */
  optional: Requester | undefined
  /** An account; guests are refused. */
  user: Requester
  /** An account, guests included. */
  guest: Requester
  /** As `guest`, and accounts that are locked: what they can still do is log out. */
  evenLocked: Requester
  /** An administrator of this server. */
  admin: Requester
}

/** Writes down an endpoint; see `EndpointDefinition`. */
export const endpoint = endpointFunction<ClientRequesters>()
