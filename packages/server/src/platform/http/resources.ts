/** What a listener may serve, by the names of Synapse's `listeners[].resources[].names`. */
export type ResourceName =
  | 'client'
  | 'consent'
  | 'federation'
  | 'health'
  | 'keys'
  | 'media'
  | 'metrics'
  | 'openid'
  | 'replication'
  | 'static'

/** What a name brings along. */
const IMPLIED: Partial<Record<ResourceName, readonly ResourceName[]>> = {
  client: ['media', 'static'],
  federation: ['media', 'keys', 'openid'],
}

/** The resources that stand behind the names of a listener's configuration. */
export function impliedResources(names: Iterable<ResourceName>): Set<ResourceName> {
  const resources = new Set<ResourceName>()
  for (const name of names) {
    resources.add(name)
    for (const implied of IMPLIED[name] ?? []) resources.add(implied)
  }
  return resources
}

/** The first prefix that fits decides. */
const BY_PREFIX: readonly (readonly [prefix: string, resources: readonly ResourceName[]])[] = [
  ['/_matrix/client/v1/media/', ['media']],
  ['/_matrix/media/', ['media']],
  ['/_matrix/federation/v1/openid/', ['openid']],
  ['/_matrix/federation/', ['federation']],
  ['/_matrix/key/', ['keys']],
  ['/_matrix/static/', ['static']],
  ['/_matrix/consent', ['consent']],
  ['/_synapse/metrics', ['metrics']],
  ['/metrics', ['metrics']],
  ['/health', ['health']],
  ['/.well-known/matrix/server', ['client', 'federation']],
  ['/_', ['client']],
  ['/.well-known/', ['client']],
  ['/', ['static', 'client']],
]

/** The resources a path belongs to, where its endpoint does not say; any of them makes a listener serve it. */
export function resourcesOfPath(path: string): readonly ResourceName[] {
  return BY_PREFIX.find(([prefix]) => path.startsWith(prefix))?.[1] ?? ['client']
}
