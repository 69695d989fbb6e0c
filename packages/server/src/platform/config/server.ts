import { ROOM_VERSIONS } from '@magik/protocol'
import Type, { type Static } from 'typebox'
import { filePath, nullable } from './declare.ts'
import { jsonMap } from './json-option.ts'
import type { ConfigProblem } from './problem.ts'

/** Who this server is, and what holds for all of it. */
export const serverOptions = {
  server_name: Type.String({
    // Identifiers hold at most 255 bytes, of which a user needs some for the localpart.
    maxLength: 230,
    pattern: String.raw`^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z.\-]+)(:[0-9]{1,5})?$`,
    patternMeaning: 'a host name or IP address with an optional port, such as example.com',
    sample: 'example.com',
    description:
      'The name at the end of every user ID and room alias of this server, such as `example.com` in ' +
      '`@alice:example.com`. It cannot be changed once the server has users or rooms.',
  }),
  public_baseurl: nullable(Type.String({ unit: 'base_url' }), {
    sample: 'https://matrix.example.com/',
    description:
      'The URL at which clients reach this server. Clients that are told only the server name find it through ' +
      '`/.well-known/matrix/client`, which is answered only when this is set. `https://<server_name>/` is assumed elsewhere.',
  }),
  serve_server_wellknown: Type.Boolean({
    default: false,
    description:
      'Answer `/.well-known/matrix/server` so that other servers come to port 443 (or to the port in `server_name`) ' +
      'instead of 8448.',
  }),
  extra_well_known_client_content: jsonMap({
    default: {},
    description:
      'More keys for `/.well-known/matrix/client`. `m.homeserver` and `m.identity_server` have options of their own.',
  }),
  web_client_location: nullable(Type.String({ unit: 'url' }), {
    sample: 'https://app.element.io/',
    description: 'Where a browser that opens `/` is sent; the landing page if unset.',
  }),
  pid_file: nullable(filePath({ description: '' }), {
    sample: '/run/magik.pid',
    description: 'A file that holds the process ID while the server runs.',
  }),
  report_stats: Type.Boolean({
    sample: false,
    description:
      'Mandatory, as in Synapse, so that a configuration serves both. Magik never sends usage statistics to anybody.',
  }),
  default_room_version: Type.String({
    default: '12',
    unit: 'token',
    pattern: '^[A-Za-z0-9.\\-]{1,32}$',
    patternMeaning: 'a room version',
    description: 'Room version of new rooms, unless the client asks for another. Synapse has 11 here.',
  }),
  filter_timeline_limit: Type.Integer({
    default: 100,
    minimum: -1,
    description: 'The most timeline events a filter may ask for; -1 for no bound of its own.',
  }),
  block_non_admin_invites: Type.Boolean({
    default: false,
    description: 'Only server administrators may invite users of this server.',
  }),
  require_auth_for_profile_requests: Type.Boolean({
    default: false,
    description: 'Profiles can be read with an access token only.',
  }),
}

type ServerConfig = Static<ReturnType<typeof Type.Object<typeof serverOptions>>>

/** What the declarations of this area cannot say. */
export function checkServer(config: ServerConfig): ConfigProblem[] {
  const problems = ['m.homeserver', 'm.identity_server']
    .filter((key) => Object.hasOwn(config.extra_well_known_client_content, key))
    .map((key) => ({
      path: `extra_well_known_client_content.${key}`,
      message:
        key === 'm.homeserver'
          ? 'may not be set here; expected in public_baseurl'
          : 'may not be set here; expected in default_identity_server',
    }))
  if (!ROOM_VERSIONS.has(config.default_room_version)) {
    const versions = [...ROOM_VERSIONS.keys()].join(', ')
    problems.push({ path: 'default_room_version', message: `expected a room version that is supported: ${versions}` })
  }
  return problems
}

/** The URL at which clients reach this server, with a trailing slash: as configured, else the one its name suggests. */
export function clientBaseUrl(config: Readonly<Pick<ServerConfig, 'public_baseurl' | 'server_name'>>): string {
  return config.public_baseurl ?? `https://${config.server_name}/`
}
