import type { JsonValue } from '@magik/protocol'
import Type, { type Static, type TProperties } from 'typebox'
import { cacheOptions } from './caches.ts'
import { checkDatabase, databaseOptions } from './database.ts'
import { homeserverBlockingOptions } from './homeserver-blocking.ts'
import { checkLandingPage, landingPageOptions } from './landing-page.ts'
import { checkListeners, listenerOptions } from './listeners.ts'
import { logOptions } from './log.ts'
import { metricsOptions } from './metrics.ts'
import { passwordOptions } from './passwords.ts'
import type { ConfigProblem } from './problem.ts'
import { ratelimitingOptions } from './ratelimiting.ts'
import { checkRegistration, registrationOptions } from './registration.ts'
import { checkReplication, replicationOptions } from './replication.ts'
import { retentionOptions } from './retention.ts'
import { roomOptions } from './rooms.ts'
import { checkServer, serverOptions } from './server.ts'
import { checkSessions, sessionOptions } from './sessions.ts'
import { signingKeyOptions } from './signing-keys.ts'
import { tlsOptions } from './tls.ts'

/** Every option, in Synapse's spelling. Types, checks, defaults, the docs page and the sample file derive from this. */
export const configSchema = Type.Object({
  ...serverOptions,
  ...listenerOptions,
  ...tlsOptions,
  ...homeserverBlockingOptions,
  ...databaseOptions,
  ...cacheOptions,
  ...logOptions,
  ...ratelimitingOptions,
  ...registrationOptions,
  ...sessionOptions,
  ...passwordOptions,
  ...metricsOptions,
  ...signingKeyOptions,
  ...roomOptions,
  ...retentionOptions,
  ...landingPageOptions,
  ...replicationOptions,
})

/** A value nobody can change: the config is shared by every part of the server. */
type DeepReadonly<Value> = [JsonValue] extends [Value] // passed on as it is, where JSON is wanted
  ? Value
  : Value extends readonly (infer Item)[]
    ? readonly DeepReadonly<Item>[]
    : Value extends object
      ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
      : Value

/** The options before they are frozen. */
export type MutableConfig = Static<typeof configSchema>

/** The whole configuration: checked, every default filled in, durations in milliseconds, sizes in bytes, paths absolute. */
export type Config = DeepReadonly<MutableConfig>

/** The options in the order and under the headings of the docs page. */
export const AREAS: readonly { readonly title: string; readonly options: TProperties }[] = [
  { title: 'Server', options: serverOptions },
  { title: 'Listeners', options: listenerOptions },
  { title: 'TLS', options: tlsOptions },
  { title: 'Homeserver blocking', options: homeserverBlockingOptions },
  { title: 'Database', options: databaseOptions },
  { title: 'Caching', options: cacheOptions },
  { title: 'Logging', options: logOptions },
  { title: 'Ratelimiting', options: ratelimitingOptions },
  { title: 'Registration', options: registrationOptions },
  { title: 'User session management', options: sessionOptions },
  { title: 'Passwords', options: passwordOptions },
  { title: 'Metrics', options: metricsOptions },
  { title: 'Signing keys and secrets', options: signingKeyOptions },
  { title: 'Rooms', options: roomOptions },
  { title: 'Retention', options: retentionOptions },
  { title: 'Landing page and support', options: landingPageOptions },
  { title: 'Several processes', options: replicationOptions },
]

/** Everything the declarations cannot say, area by area. */
export function checkTogether(config: MutableConfig): ConfigProblem[] {
  return [
    ...checkServer(config),
    ...checkListeners(config),
    ...checkDatabase(config),
    ...checkRegistration(config),
    ...checkSessions(config),
    ...checkLandingPage(config),
    ...checkReplication(config),
  ]
}
