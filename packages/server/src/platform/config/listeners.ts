import Type, { type Static } from 'typebox'
import { filePath, nullable, oneOf } from './declare.ts'
import type { ConfigProblem } from './problem.ts'
import { isMap } from './read-option.ts'

const RESOURCES = ['client', 'consent', 'federation', 'health', 'keys', 'media', 'metrics', 'openid', 'static'] as const

const resource = Type.Object({
  names: Type.Array(oneOf(RESOURCES, { description: '' }), {
    default: [],
    description:
      'What the listener answers. `client` brings media, static and the admin API along, `federation` brings media, keys ' +
      'and openid; `/health` is always there.',
  }),
  compress: Type.Boolean({ default: false, description: 'Compress answers for clients that accept it.' }),
})

const listener = Type.Object({
  port: nullable(Type.Integer({ minimum: 0, maximum: 65_535 }), {
    sample: 8008,
    description: 'TCP port; 0 takes any free one. Either this or `path`.',
  }),
  path: nullable(filePath({ description: '' }), {
    description: 'Unix socket to listen on instead of a port. `x_forwarded` is on there unless set.',
  }),
  mode: Type.Integer({
    default: 0o666,
    minimum: 0,
    maximum: 0o777,
    unit: 'file_mode',
    defaultText: '`0666`',
    description: 'Permissions of the Unix socket, in octal.',
  }),
  bind_addresses: Type.Array(Type.String({ minLength: 1 }), {
    default: ['::', '0.0.0.0'],
    description: 'Addresses to listen on. A `metrics` listener has `0.0.0.0` by default.',
  }),
  type: oneOf(['http', 'metrics'], {
    default: 'http',
    description: 'What is spoken: the Matrix API, or metrics only.',
  }),
  tls: Type.Boolean({ default: false, description: 'TLS, with `tls_certificate_path` and `tls_private_key_path`.' }),
  x_forwarded: Type.Boolean({
    default: false,
    description: 'Take the client’s address from `X-Forwarded-For`. Only behind a reverse proxy: anybody can send it.',
  }),
  tag: nullable(Type.String({ unit: 'token', minLength: 1 }), {
    description: 'Name of the listener in logs; its port if unset.',
  }),
  request_id_header: nullable(Type.String({ minLength: 1 }), {
    description: 'Header that holds the request ID, where the reverse proxy gives one.',
  }),
  resources: Type.Array(resource, { default: [], description: 'What the listener answers, and whether compressed.' }),
})

/** Where the server listens. */
export const listenerOptions = {
  listeners: Type.Array(listener, {
    minItems: 1,
    default: [
      {
        port: 8008,
        bind_addresses: ['127.0.0.1'],
        type: 'http',
        x_forwarded: true,
        resources: [{ names: ['client', 'federation'], compress: true }],
      },
    ],
    description:
      'Where the server listens. By default on 127.0.0.1:8008, for clients and other servers, behind a reverse proxy on ' +
      'the same machine.',
  }),
}

/** One entry of `listeners`. */
export type ListenerConfig = Static<typeof listener>
/** What a listener may answer. */
export type ListenerResource = (typeof RESOURCES)[number]

/**
 * Brings older spellings into the declared form, leaves out what only Synapse's own processes need, and fills in the
 * defaults that depend on another field.
 * @param warnings receives what was left out.
 */
export function prepareListeners(raw: unknown, warnings: string[]): unknown {
  if (!Array.isArray(raw)) return raw
  const entries: unknown[] = raw
  return entries.flatMap((entry, index) => {
    if (!isMap(entry)) return [entry]
    const needless = onlyForSynapse(entry)
    if (needless === undefined) return [withDefaults(entry)]
    warnings.push(`listeners[${index}]: left out, as ${needless}`)
    return []
  })
}

/** Why Magik has no use for a listener, if so. */
function onlyForSynapse(entry: Record<string, unknown>): string | undefined {
  if (entry['type'] === 'manhole') return 'a manhole is a Python shell'
  const { resources } = entry
  if (!Array.isArray(resources) || resources.length === 0) return undefined
  const names: unknown[] = resources.flatMap((each: unknown) => (isMap(each) ? each['names'] : undefined))
  return names.every((name) => name === 'replication') ? 'replication is between Synapse’s own processes' : undefined
}

function withDefaults({ bind_address: address, ...listener }: Record<string, unknown>): Record<string, unknown> {
  if (typeof address === 'string' && listener['bind_addresses'] === undefined) listener['bind_addresses'] = [address]
  // Synapse takes null, too, for "everywhere".
  if (listener['bind_addresses'] === null) delete listener['bind_addresses']
  if (listener['type'] === 'metrics') listener['bind_addresses'] ??= ['0.0.0.0']
  if (typeof listener['path'] === 'string') listener['x_forwarded'] ??= true
  return listener
}

/** What the declarations of this area cannot say. */
export function checkListeners(config: {
  readonly listeners: readonly ListenerConfig[]
  readonly tls_certificate_path: string | null
  readonly tls_private_key_path: string | null
}): ConfigProblem[] {
  const problems: ConfigProblem[] = []
  for (const [index, { port, path, tls }] of config.listeners.entries()) {
    if ((port === null) === (path === null)) {
      problems.push({ path: `listeners[${index}]`, message: 'expected either a port or a path' })
    }
    if (tls && path !== null) {
      problems.push({ path: `listeners[${index}].tls`, message: 'expected false: a Unix socket has no TLS' })
    }
  }
  if (config.listeners.some(({ tls }) => tls)) {
    for (const path of ['tls_certificate_path', 'tls_private_key_path'] as const) {
      if (config[path] === null)
        problems.push({ path, message: 'is mandatory, as a listener has tls: true; expected a path' })
    }
  }
  return problems
}
