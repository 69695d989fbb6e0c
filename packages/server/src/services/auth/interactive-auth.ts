import { hash } from 'node:crypto'
import {
  canonicalJson,
  encodeBase64Url,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MatrixError,
  parseJsonText,
  stringifyJson,
} from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Database } from '../../platform/database/database.ts'
import type { AccessTokenStore } from '../../storage/access-token-store.ts'
import type { Schema } from '../../storage/schema.ts'
import type { UiAuthSession, UiAuthStore } from '../../storage/ui-auth-store.ts'
import type { AuthStage } from './auth-stage.ts'
import { InteractiveAuthRequired, type StageFailure } from './interactive-auth-required.ts'
import type { Requester } from './requester.ts'
import type { RandomBytes } from './token.ts'

/** Stages that together are proof enough. */
export interface AuthFlow {
  readonly stages: readonly string[]
}

/** A request that user-interactive authentication stands before. */
export interface InteractiveRequest {
  readonly method: string
  /** With its parameters filled in: authenticating for one device is no good for another. */
  readonly path: string
  /** The whole body, with its `auth`. */
  readonly body: JsonObject
  /** Undefined where nobody is signed in. */
  readonly requester: Requester | undefined
  readonly flows: readonly AuthFlow[]
  /**
   * Whether the parameters may differ between the requests of a session. Only where nothing is at stake but what the
   * session itself makes, as at registration: there, clients send the parameters late or once.
   */
  readonly allowsNewParameters: boolean
  /** Whether a recent proof spares the user another one. Not for what cannot be undone. */
  readonly allowsRecentProof: boolean
}

/** A request whose sender has proved what was asked. */
export interface InteractiveProof {
  /** Undefined where one request was enough. */
  readonly sessionId: string | undefined
  /** The request's parameters, without `auth`. */
  readonly parameters: JsonObject
  /** What each completed stage found out. */
  readonly completed: JsonObject
  /** What an earlier request of this session did, if it recorded that. */
  readonly outcome: JsonValue | undefined
}

/** What `InteractiveAuth` stands on. */
export interface InteractiveAuthDeps {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly database: Database<Schema>
  readonly sessions: UiAuthStore
  readonly accessTokens: AccessTokenStore
  readonly stages: readonly AuthStage[]
  /** How long a proof spares the user another one, in milliseconds; 0: not at all. */
  readonly proofLifetimeMs: number
}

/** How long a user may take. */
const SESSION_LIFETIME_MS = 24 * 60 * 60_000
/** With each new session that many expired ones are removed, so that they cannot pile up. */
const REMOVED_PER_SESSION = 5
/** Never stored, not even as part of a digest: a digest of little else could be guessed. */
const SECRETS: ReadonlySet<string> = new Set(['password', 'new_password'])

/** A session as it is while a request works on it; without an ID as long as it is not stored. */
interface Progress {
  readonly stored: UiAuthSession | undefined
  readonly parameters: JsonObject
  readonly completed: JsonObject
}

/**
 * User-interactive authentication: lets a request pass once its sender has completed all stages of one of its flows.
 * Sessions are durable, and bound to the user, the method, the path and the parameters they began with.
 * @spec client-server-api/#user-interactive-authentication-api
 */
export class InteractiveAuth {
  readonly #deps: InteractiveAuthDeps
  readonly #stages: ReadonlyMap<string, AuthStage>

  constructor(deps: InteractiveAuthDeps) {
    this.#deps = deps
    this.#stages = new Map(deps.stages.map((stage) => [stage.type, stage]))
  }

  /**
   * @throws InteractiveAuthRequired (401) while stages are missing; MatrixError if the session does not belong to this
   *   request, or a stage refuses for good.
   */
  async authenticate(request: InteractiveRequest): Promise<InteractiveProof> {
    const { auth, ...parameters } = request.body
    if (auth !== undefined && !isJsonObject(auth)) throw new MatrixError('M_BAD_JSON', 'auth must be an object')
    if (await this.#hasRecentProof(request)) {
      return { sessionId: undefined, parameters, completed: {}, outcome: undefined }
    }
    const progress = await this.#resume(request, parameters, auth?.['session'])
    const attempt = auth?.['type'] === undefined ? {} : await this.#attempt(request, auth, progress.completed)
    const completed = { ...progress.completed, ...attempt.completed }
    const next = { ...progress, completed }
    const isDone = request.flows.some((flow) => flow.stages.every((stage) => Object.hasOwn(completed, stage)))
    if (!isDone) {
      const sessionId = await this.#store(request, next)
      throw new InteractiveAuthRequired({
        sessionId,
        flows: request.flows,
        params: this.#params(request.flows),
        completed: Object.keys(completed),
        failure: attempt.failure,
      })
    }
    if (next.stored !== undefined) await this.#store(request, next)
    await this.#noteProof(request)
    const outcome = next.stored?.outcome
    return {
      sessionId: next.stored?.sessionId,
      parameters: next.parameters,
      completed,
      outcome: outcome === undefined ? undefined : parseJsonText(outcome),
    }
  }

  /** Records what a request did, so that the client may repeat it within the same session and get the same answer. */
  async recordOutcome(sessionId: string, outcome: JsonValue): Promise<void> {
    const statement = this.#deps.sessions.setOutcome(sessionId, stringifyJson(outcome))
    await this.#deps.database.write({ statements: [statement] })
  }

  async #resume(request: InteractiveRequest, parameters: JsonObject, sessionId?: JsonValue): Promise<Progress> {
    if (sessionId === undefined || sessionId === null) return { stored: undefined, parameters, completed: {} }
    if (typeof sessionId !== 'string') throw new MatrixError('M_BAD_JSON', 'auth.session must be a string')
    const stored = await this.#deps.sessions.find(sessionId)
    if (stored === undefined || stored.expiresTs <= this.#deps.clock.now()) {
      throw new MatrixError('M_UNKNOWN', 'Unknown session')
    }
    const isOfRequest =
      stored.method === request.method && stored.path === request.path && stored.userNid === request.requester?.userNid
    // A client may repeat the parameters or leave them out.
    const isEmpty = Object.keys(parameters).length === 0
    const isSame = isEmpty || Buffer.compare(stored.requestDigest, digestOf(parameters)) === 0
    if (!isOfRequest || !(isSame || request.allowsNewParameters)) {
      throw new MatrixError('M_FORBIDDEN', 'The session was begun for another request')
    }
    return {
      stored,
      parameters: isEmpty ? parseObject(stored.parameters) : parameters,
      completed: parseObject(stored.completed),
    }
  }

  async #attempt(
    { flows, requester }: InteractiveRequest,
    auth: JsonObject,
    completed: JsonObject,
  ): Promise<{ completed?: JsonObject; failure?: StageFailure }> {
    const { type } = auth
    if (typeof type !== 'string') throw new MatrixError('M_BAD_JSON', 'auth.type must be a string')
    // Completed stages cannot be retried.
    if (Object.hasOwn(completed, type)) return {}
    const stage = flows.some((flow) => flow.stages.includes(type)) ? this.#stages.get(type) : undefined
    if (stage === undefined) {
      return { failure: { errcode: 'M_UNKNOWN', error: 'This type of authentication is not asked for' } }
    }
    const outcome = await stage.check(auth, requester)
    return outcome.passed
      ? { completed: { [type]: outcome.finding } }
      : { failure: { errcode: outcome.errcode, error: outcome.error } }
  }

  async #store(request: InteractiveRequest, { stored, parameters, completed }: Progress): Promise<string> {
    const { clock, database, randomBytes, sessions } = this.#deps
    const storable = withoutSecrets(parameters)
    const content = {
      requestDigest: digestOf(parameters),
      parameters: stringifyJson(storable),
      completed: stringifyJson(completed),
    }
    if (stored !== undefined) {
      const isChanged = content.parameters !== stored.parameters || content.completed !== stored.completed
      if (isChanged) {
        const statement = sessions.update({ ...stored, ...content }, stored.completed)
        const result = await database.write({ statements: [statement] })
        if (!result.committed) throw new MatrixError('M_UNKNOWN', 'Two requests used the session at once')
      }
      return stored.sessionId
    }
    const sessionId = encodeBase64Url(randomBytes(24))
    const session = {
      ...content,
      sessionId,
      userNid: request.requester?.userNid,
      method: request.method,
      path: request.path,
      expiresTs: clock.now() + SESSION_LIFETIME_MS,
    }
    await database.write({
      statements: [sessions.removeExpired(clock.now(), REMOVED_PER_SESSION), sessions.insert(session)],
    })
    return sessionId
  }

  #params(flows: readonly AuthFlow[]): JsonObject {
    const types = new Set(flows.flatMap((flow) => flow.stages))
    const params: JsonObject = {}
    for (const type of types) {
      const stage = this.#stages.get(type)
      if (stage?.params !== undefined) params[type] = stage.params
    }
    return params
  }

  async #hasRecentProof({ allowsRecentProof, requester }: InteractiveRequest): Promise<boolean> {
    const { accessTokens, clock, proofLifetimeMs } = this.#deps
    if (!allowsRecentProof || proofLifetimeMs === 0 || requester?.tokenHash === undefined) return false
    const token = await accessTokens.find(requester.tokenHash)
    return token !== undefined && clock.now() - token.validatedTs < proofLifetimeMs
  }

  async #noteProof({ requester }: InteractiveRequest): Promise<void> {
    const { accessTokens, clock, database, proofLifetimeMs } = this.#deps
    if (proofLifetimeMs === 0 || requester?.tokenHash === undefined) return
    await database.write({ statements: [accessTokens.markValidated(requester.tokenHash, clock.now())] })
  }
}

function withoutSecrets(parameters: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !SECRETS.has(name)))
}

function digestOf(parameters: JsonObject): Uint8Array {
  return hash('sha256', canonicalJson(withoutSecrets(parameters), { lossless: true }), 'buffer')
}

function parseObject(text: string): JsonObject {
  const value = parseJsonText(text)
  if (!isJsonObject(value)) throw new Error('a session holds something other than a JSON object')
  return value
}
