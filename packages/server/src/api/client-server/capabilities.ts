import { type CapabilityOptions, capabilitiesOf } from '../../services/users/capabilities.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** @spec client-server-api/#get_matrixclientv3capabilities */
export const getCapabilities = endpoint({
  route: 'GET /_matrix/client/v3/capabilities',
  also: olderPaths('/capabilities'),
  auth: 'guest',
  handle: ({ requester }, { capabilityOptions }: { capabilityOptions: CapabilityOptions }) => ({
    capabilities: capabilitiesOf(requester, capabilityOptions),
  }),
})
