import { endpoint } from '../endpoint.ts'

/** Versions of the specification whose clients this server serves: old ones ask for theirs and stop without it. */
const SPEC_VERSIONS: readonly string[] = [
  ...['r0.0.1', 'r0.1.0', 'r0.2.0', 'r0.3.0', 'r0.4.0', 'r0.5.0', 'r0.6.0', 'r0.6.1'],
  ...Array.from({ length: 19 }, (_, index) => `v1.${index + 1}`),
]

/** @spec client-server-api/#get_matrixclientversions */
export const getVersions = endpoint({
  route: 'GET /_matrix/client/versions',
  auth: 'optional',
  handle: () => ({ versions: SPEC_VERSIONS, unstable_features: {} }),
})
