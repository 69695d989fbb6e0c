import type { Dependency } from './module-graph.ts'

/** A kind of import that must not be. */
export interface DependencyRule {
  /** What holds instead. */
  readonly name: string
  /** Modules the rule speaks of. */
  readonly from: RegExp
  readonly except?: RegExp
  /** What these must not import. Left out: `onlyTo` says what they may. */
  readonly to?: RegExp
  /** All that these may import. */
  readonly onlyTo?: RegExp
  /** Types may be imported all the same. */
  readonly mayTakeTypes?: boolean
  /** Values that may be imported all the same. */
  readonly mayTakeValues?: readonly string[]
}

const src = '^packages/server/src'

const MICRO_BENCHMARKS = /^packages\/bench\/src\/micro\//

/** What of the server micro-benchmarks construct: the state tree, and the resolution of forks over stored events. */
const MEASURED = /server\/src\/(services\/(state\/|events\/(fork-resolver|event-reader)\.ts)|storage\/stored-event\.ts)/

/** Modules that exist for tests: they may import anything, and only they are left alone by the rules. */
export const TEST_MODULES =
  /\.test\.ts$|^packages\/[^/]+\/test\/|\/(test|testing)-[^/]+\.ts$|\/test-support\/|\/test-worker|^scripts\//

/**
 * Which way imports point: api -> services -> storage -> platform, and all may use the protocol. `server.ts` and
 * `composition/`, where the parts meet, and the commands may import any of them.
 */
export const RULES: readonly DependencyRule[] = [
  {
    name: 'the protocol is pure: it imports itself and node:crypto only',
    from: /^packages\/protocol\//,
    onlyTo: /^packages\/protocol\/|^node:crypto$/,
  },
  {
    name: 'the bench speaks HTTP, so that any homeserver can be measured',
    from: /^packages\/bench\//,
    except: MICRO_BENCHMARKS,
    // Nor may it by way of the micro-benchmarks.
    to: /^packages\/(?!bench\/)|^packages\/bench\/src\/micro\//,
  },
  {
    // They compare functions with naive ones, for which HTTP would be most of what is measured.
    name: 'micro-benchmarks know the protocol and what they measure of the server',
    from: MICRO_BENCHMARKS,
    to: new RegExp(`^packages/(?!bench/|protocol/)(?!${MEASURED.source})`),
  },
  {
    name: 'the platform knows nothing above it',
    from: new RegExp(`${src}/platform/`),
    to: new RegExp(`${src}/(?!platform/)`),
  },
  {
    name: 'storage knows nothing above it',
    from: new RegExp(`${src}/storage/`),
    to: new RegExp(`${src}/(?!(storage|platform)/)`),
  },
  {
    name: 'services know nothing above them',
    from: new RegExp(`${src}/services/`),
    to: new RegExp(`${src}/(?!(services|storage|platform)/)`),
  },
  {
    name: 'services do not know HTTP',
    from: new RegExp(`${src}/services/`),
    to: new RegExp(`${src}/platform/http/|^fastify$`),
  },
  {
    name: 'routes call services, not stores',
    from: new RegExp(`${src}/api/`),
    to: new RegExp(`${src}/(storage|composition|cli|server\\.ts)|${src}/platform/database/|^kysely$`),
  },
  {
    name: 'the write path knows no other part of the services',
    from: new RegExp(`${src}/services/(events|state|log)/`),
    to: new RegExp(`${src}/services/(?!(events|state|log)/|users/user-numbers\\.ts$)`),
  },
  {
    // A service joins the writes that stores have bound into one entry, and says where its positions go.
    name: 'SQL stays in stores',
    from: new RegExp(`${src}/(?!composition/|server\\.ts$|cli/|platform/database/)`),
    except: new RegExp(`${src}/storage/[^/]+-store\\.ts$`),
    to: new RegExp(`${src}/platform/database/|^kysely$|^node:sqlite$`),
    mayTakeTypes: true,
    mayTakeValues: ['position', 'DatabaseBusyError', 'DatabaseError'],
  },
  {
    name: 'what is made for tests stays in tests',
    from: /^packages\/[^/]+\/src\//,
    to: TEST_MODULES,
  },
  {
    name: 'randomness is handed in',
    from: /^packages\/(protocol|server)\/src\//,
    // Keys, secrets and the server's own source come from the operating system.
    except: new RegExp(`${src}/(server\\.ts$|cli/)|^packages/protocol/src/signing/signing-key\\.ts$`),
    to: /^node:crypto$/,
    mayTakeTypes: true,
    mayTakeValues: [
      'createHash',
      'createHmac',
      'createPrivateKey',
      'createPublicKey',
      'createSecretKey',
      'hash',
      'KeyObject',
      'sign',
      'timingSafeEqual',
      'verify',
      'X509Certificate',
    ],
  },
  {
    name: 'time is handed in',
    from: /^packages\/(protocol|server)\/src\//,
    except: new RegExp(`${src}/(platform/(clock|database)|cli)/`),
    to: /^node:timers/,
  },
]

/** Modules that may look at the machine's own clock, and why. Everything else gets a clock handed in. */
export const CLOCK_READERS: readonly { readonly path: RegExp; readonly why: string }[] = [
  { path: new RegExp(`${src}/platform/clock/`), why: 'it is the clock' },
  { path: new RegExp(`${src}/platform/database/`), why: 'how long a statement took does not change what it does' },
  { path: new RegExp(`${src}/cli/`), why: 'commands run in the real world' },
  { path: new RegExp(`${src}/platform/http/sd-notify\\.ts$`), why: 'systemd compares with the machine’s own clock' },
  { path: /^packages\/bench\/src\/clock\.ts$/, why: 'it is the clock of the bench' },
  { path: /^scripts\//, why: 'tools for the workspace' },
]

/** Whether a rule forbids an import. */
export function forbids(rule: DependencyRule, { from, to, isTypeOnly, values }: Dependency): boolean {
  if (!rule.from.test(from) || rule.except?.test(from)) return false
  const isMeant = rule.to ? rule.to.test(to) : rule.onlyTo?.test(to) === false
  if (!isMeant) return false
  if (isTypeOnly) return rule.mayTakeTypes !== true
  return !(rule.mayTakeValues && values.length > 0 && values.every((name) => rule.mayTakeValues?.includes(name)))
}
