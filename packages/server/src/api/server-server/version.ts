import { endpoint } from '../endpoint.ts'

/** @spec server-server-api/#get_matrixfederationv1version */
export const getVersion = endpoint({
  route: 'GET /_matrix/federation/v1/version',
  auth: 'none',
  handle: (_call, { softwareVersion }: { softwareVersion: string }) => ({
    server: { name: 'Magik', version: softwareVersion },
  }),
})
