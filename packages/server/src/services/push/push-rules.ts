import {
  type JsonObject,
  MatrixError,
  type PushRule,
  type PushRuleset,
  stringifyJson,
  type UserId,
} from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import { position } from '../../platform/database/query.ts'
import { changeKind } from '../../storage/change-kind.ts'
import { MAX_PUSH_RULE_HISTORY, type PushRuleStore } from '../../storage/push-rule-store.ts'
import type { ChangeLog } from '../log/change-log.ts'
import {
  changeRule,
  deleteRule,
  parseActions,
  type PushRuleKey,
  type PushRulePlace,
  putRule,
} from './push-rule-edits.ts'
import {
  parseStoredRules,
  rulesetOf,
  sharedPart,
  type StoredPushRules,
  stringifyStoredRules,
} from './stored-push-rules.ts'
import { UserPushRules } from './user-push-rules.ts'

/** Users whose rules are kept at hand. */
const CACHED_USERS = 20_000

/** How often a change is tried again when another writer was first. */
const MAX_ATTEMPTS = 5

/** Whose rules are meant. */
export interface PushRuleOwner {
  readonly userId: UserId
  readonly userNid: number
}

/** Called when a change of a user's rules is durable, before it is answered. */
export type PushRuleListener = (owner: PushRuleOwner, before: UserPushRules, after: UserPushRules) => Promise<void>

/** Called when another process's change of somebody's rules is known here. Must not throw and must not wait. */
export type ForeignRulesListener = () => void

/** Users' push rules: the server's, with what users have changed and added. @spec client-server-api/#push-rules */
export class PushRules {
  readonly #log: ChangeLog
  readonly #store: PushRuleStore
  readonly #rules = new LRUCache<number, UserPushRules>({ max: CACHED_USERS })
  readonly #loading = new Map<number, Promise<UserPushRules>>()
  readonly #changing = new Map<number, Promise<unknown>>()
  readonly #listeners: PushRuleListener[] = []
  readonly #foreignListeners: ForeignRulesListener[] = []
  /** One more whenever another process has changed somebody's rules. */
  #foreignChanges = 0

  constructor(deps: { changeLog: ChangeLog; store: PushRuleStore }) {
    this.#log = deps.changeLog
    this.#store = deps.store
  }

  /** Adds a listener. */
  listen(listener: PushRuleListener): void {
    this.#listeners.push(listener)
  }

  /** Adds a listener for what other processes change. */
  listenToForeign(listener: ForeignRulesListener): void {
    this.#foreignListeners.push(listener)
  }

  /** Another process has changed a user's rules: they are read again. */
  forget(userNid: number): void {
    this.#foreignChanges += 1
    this.#rules.delete(userNid)
    for (const listener of this.#foreignListeners) listener()
  }

  /** A user's rules, made ready. */
  async rules(owner: PushRuleOwner): Promise<UserPushRules> {
    const cached = this.#rules.get(owner.userNid)
    if (cached !== undefined) return cached
    let loading = this.#loading.get(owner.userNid)
    if (loading === undefined) {
      loading = this.#load(owner).finally(() => this.#loading.delete(owner.userNid))
      this.#loading.set(owner.userNid, loading)
    }
    return loading
  }

  /** The user's global ruleset. */
  async of(owner: PushRuleOwner): Promise<PushRuleset> {
    return rulesetOf(owner.userId, (await this.rules(owner)).stored)
  }

  /** One rule. @throws MatrixError M_NOT_FOUND */
  async get(owner: PushRuleOwner, { kind, ruleId }: PushRuleKey): Promise<PushRule> {
    const rule = (await this.of(owner))[kind].find((candidate) => candidate.rule_id === ruleId)
    if (rule === undefined) throw new MatrixError('M_NOT_FOUND', 'No such push rule')
    return rule
  }

  /** Adds or replaces a rule. @throws MatrixError as `putRule` */
  put(owner: PushRuleOwner, key: PushRuleKey, body: JsonObject, place: PushRulePlace): Promise<void> {
    return this.#change(owner, (rules) => putRule(rules, key, body, place))
  }

  /** Takes a rule of the user's own away. @throws MatrixError M_NOT_FOUND */
  delete(owner: PushRuleOwner, key: PushRuleKey): Promise<void> {
    return this.#change(owner, (rules) => deleteRule(rules, key))
  }

  /** Switches a rule on or off. @throws MatrixError M_NOT_FOUND */
  setEnabled(owner: PushRuleOwner, key: PushRuleKey, enabled: boolean): Promise<void> {
    return this.#change(owner, (rules) => changeRule(owner.userId, rules, key, { enabled }))
  }

  /** Sets what a rule does. @throws MatrixError M_NOT_FOUND; M_MISSING_PARAM, M_INVALID_PARAM if it cannot do that. */
  setActions(owner: PushRuleOwner, key: PushRuleKey, body: JsonObject): Promise<void> {
    const actions = parseActions(body['actions'])
    return this.#change(owner, (rules) => changeRule(owner.userId, rules, key, { actions }))
  }

  /** A user's changes follow one upon another. */
  async #change(owner: PushRuleOwner, edit: (rules: StoredPushRules) => StoredPushRules): Promise<void> {
    const earlier = this.#changing.get(owner.userNid) ?? Promise.resolve()
    const change = earlier.then(() => this.#changeNow(owner, edit))
    const settled = change.catch(() => undefined)
    this.#changing.set(owner.userNid, settled)
    try {
      await change
    } finally {
      if (this.#changing.get(owner.userNid) === settled) this.#changing.delete(owner.userNid)
    }
  }

  async #changeNow(owner: PushRuleOwner, edit: (rules: StoredPushRules) => StoredPushRules): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const before = await this.rules(owner)
      const after = await this.#write(owner, before, edit(before.stored))
      if (after !== undefined) {
        for (const listener of this.#listeners) await listener(owner, before, after)
        return
      }
      this.#rules.delete(owner.userNid)
    }
    throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many writers at once', {
      status: 503,
      fields: { retry_after_ms: 1_000 },
    })
  }

  /** @returns undefined if another writer was first. */
  async #write(
    owner: PushRuleOwner,
    before: UserPushRules,
    stored: StoredPushRules,
  ): Promise<UserPushRules | undefined> {
    const { userNid, userId } = owner
    const shared = sharedPart(before.stored)
    const isCountedOtherwise = stringifyStoredRules(shared) !== stringifyStoredRules(sharedPart(stored))
    const dropped = before.earlier.slice(0, -(MAX_PUSH_RULE_HISTORY - 1)).at(-1)
    let after = before
    const { hasPersonalRules } = new UserPushRules(userId, { ...before, stored }).compiled
    const result = await this.#log.append({
      statements: [
        this.#store.upsert({
          userNid,
          expected: before.version,
          position: position(0),
          hasPersonal: hasPersonalRules,
          rules: stringifyStoredRules(stored),
        }),
        ...(isCountedOtherwise ? [this.#store.insertHistory(userNid, position(0), stringifyStoredRules(shared))] : []),
        ...(dropped === undefined ? [] : [this.#store.trimHistory(userNid, dropped.until)]),
      ],
      changes: [{ kind: changeKind.pushRules, userNid }],
      onDurable: (at) => {
        const kept = dropped === undefined ? before.earlier : before.earlier.slice(-(MAX_PUSH_RULE_HISTORY - 1))
        const earlier = isCountedOtherwise ? [...kept, { until: at, rules: shared }] : kept
        after = new UserPushRules(userId, { stored, version: before.version + 1, position: at, earlier })
        this.#rules.set(userNid, after)
      },
    })
    return result.committed ? after : undefined
  }

  async #load(owner: PushRuleOwner): Promise<UserPushRules> {
    const { userId, userNid } = owner
    const foreignChanges = this.#foreignChanges
    const row = await this.#store.find(userNid)
    const earlier = row === undefined ? [] : await this.#store.history(userNid)
    // They may have been read before what another process has changed meanwhile.
    if (foreignChanges !== this.#foreignChanges) return this.#load(owner)
    // A change that became durable meanwhile knows better.
    const newer = this.#rules.get(userNid)
    if (newer !== undefined) return newer
    const rules =
      row === undefined
        ? UserPushRules.unchanged(userId)
        : new UserPushRules(userId, {
            stored: parseStoredRules(row.rules),
            version: row.version,
            position: row.position,
            earlier: earlier.map((it) => ({ until: it.until, rules: parseStoredRules(it.rules) })),
          })
    this.#rules.set(userNid, rules)
    return rules
  }
}

/** The content of a user's `m.push_rules`, as JSON. @spec client-server-api/#mpush_rules */
export function pushRulesContent(rules: UserPushRules): string {
  return stringifyJson({ global: rulesetOf(rules.userId, rules.stored) })
}
