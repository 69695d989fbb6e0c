import type { JsonObject } from '@magik/protocol'
import type { Config } from '../../platform/config/index.ts'

/**
 * Where clients reach this server.
 * @returns undefined unless `public_baseurl` is set: then the answer is 404, and clients try the server name itself.
 * @spec client-server-api/#getwell-knownmatrixclient
 */
export function clientWellKnown(
  config: Pick<Config, 'public_baseurl' | 'extra_well_known_client_content'>,
): JsonObject | undefined {
  if (config.public_baseurl === null) return undefined
  return { 'm.homeserver': { base_url: config.public_baseurl }, ...config.extra_well_known_client_content }
}

/**
 * Where other servers reach this one: at the port in its name, else at 443.
 * @returns undefined unless `serve_server_wellknown` is on: then the answer is 404.
 * @spec server-server-api/#getwell-knownmatrixserver
 */
export function serverWellKnown(
  config: Pick<Config, 'serve_server_wellknown' | 'server_name'>,
): JsonObject | undefined {
  if (!config.serve_server_wellknown) return undefined
  const hasPort = /:\d+$/u.test(config.server_name.replace(/^\[.*?\]/u, ''))
  return { 'm.server': hasPort ? config.server_name : `${config.server_name}:443` }
}

/**
 * Whom to contact about this server.
 * @returns undefined if nothing is configured: then the answer is 404.
 * @spec client-server-api/#getwell-knownmatrixsupport
 */
export function supportWellKnown({
  well_known_support: { contacts, support_page: supportPage },
}: Pick<Config, 'well_known_support'>): JsonObject | undefined {
  if (contacts.length === 0 && supportPage === null) return undefined
  return {
    ...(contacts.length === 0 ? {} : { contacts: contacts.map(contactBody) }),
    ...(supportPage === null ? {} : { support_page: supportPage }),
  }
}

function contactBody(contact: Config['well_known_support']['contacts'][number]): JsonObject {
  return {
    role: contact.role,
    ...(contact.email_address === null ? {} : { email_address: contact.email_address }),
    ...(contact.matrix_id === null ? {} : { matrix_id: contact.matrix_id }),
  }
}
