import type { JsonObject } from '../json/json-value.ts'
import { stringifyJson } from '../json/stringify-json.ts'
import { MASTER_RULE_ID, PUSH_RULE_KINDS, type PushRule, type PushRuleKind, type PushRuleset } from './default-rules.ts'
import { bodyMatches, compilePushCondition, fromSender, inRoom, type PushCondition } from './push-condition.ts'
import { NO_PUSH, outcomeOfActions, type PushOutcome } from './push-outcome.ts'
import type { PushSubject } from './push-subject.ts'
import { type MatchedRules, sharedRuleNumber } from './shared-rules.ts'

type EventCondition = Exclude<PushCondition, { about: 'room' }>

/** A rule that may match, whatever the room. */
interface CompiledRule {
  /** Bit of one of the server's rules that are the same for all; 0 for any other rule. */
  readonly bit: number
  /** About the room alone. */
  readonly roomConditions: readonly Extract<PushCondition, { about: 'room' }>[]
  readonly conditions: readonly EventCondition[]
  /** Rules with equal texts match alike. */
  readonly text: string
  readonly isDefault: boolean
  readonly outcome: PushOutcome
}

/** A rule of one user's own, as far as it says something about events of one room. */
export interface PersonalRule {
  /** Rules with equal texts match alike. */
  readonly text: string
  /** Whether it depends on whose it is. */
  readonly isAboutOwner: boolean
  /** One of the server's that name the user: found by whom the event names. */
  readonly isDefault: boolean
  readonly conditions: readonly EventCondition[]
}

/** One step of a user's rules in one room, in order of priority. */
interface Step {
  /** Bit of a shared rule; 0: it always matches, unless it is personal. */
  readonly bit: number
  readonly personal: PersonalRule | undefined
  readonly outcome: PushOutcome
}

/**
 * What the server's rules, as a user has set them, and rules about nothing but the room come to in one room. Users
 * with the same effective rules share one, and differ only where a rule of their own matches.
 */
export class PushClass {
  /** Equal classes have equal keys. */
  readonly key: string
  readonly #steps: readonly Step[]

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    this.key = steps.map(({ bit, outcome }) => `${bit}${outcome.key}`).join(' ')
  }

  /** What comes of an event that matches some of the server's rules. */
  outcome(matched: MatchedRules): PushOutcome {
    for (const { bit, outcome } of this.#steps) if (bit === 0 || (bit & matched) !== 0) return outcome
    return NO_PUSH
  }
}

/** One user's rules in one room. */
export interface RoomPushRules {
  readonly class: PushClass
  /** The rules by which the user may deviate from the class. */
  readonly personal: readonly PersonalRule[]
  /** What comes of an event by all the user's rules. @param matched what `matchSharedRules` says of it. */
  outcome(
    subject: PushSubject,
    matched: MatchedRules,
    owner: { userId: string; displayName: string | undefined },
  ): PushOutcome
}

/** One user's rules, made ready. */
export interface CompiledPushRules {
  /** The rules as they are in one room. */
  inRoom(roomId: string): RoomPushRules
  /** Whether the user has rules of their own that look at events, in whatever room. */
  readonly hasPersonalRules: boolean
}

/**
 * Makes a user's rules ready. Rules that are off, and those that can never match, are left out.
 * @param ruleset what `defaultPushRules` gives, with what the user has changed and added.
 * @spec client-server-api/#push-rules
 */
export function compilePushRules(ruleset: PushRuleset): CompiledPushRules {
  const rules = inOrder(ruleset).flatMap(({ kind, rule }) => compileRule(kind, rule) ?? [])
  return {
    hasPersonalRules: rules.some((rule) => !rule.isDefault && rule.conditions.length > 0),
    inRoom: (roomId) => new RulesInRoom(stepsInRoom(rules, roomId)),
  }
}

/** The master switch before everything, the rest by kind. */
function inOrder(ruleset: PushRuleset): { kind: PushRuleKind; rule: PushRule }[] {
  const rules = PUSH_RULE_KINDS.flatMap((kind) => ruleset[kind].map((rule) => ({ kind, rule })))
  const isMaster = ({ rule }: { rule: PushRule }) => rule.default && rule.rule_id === MASTER_RULE_ID
  return [...rules.filter(isMaster), ...rules.filter((entry) => !isMaster(entry))]
}

function compileRule(kind: PushRuleKind, rule: PushRule): CompiledRule | undefined {
  if (!rule.enabled) return undefined
  const number = sharedRuleNumber(rule)
  // What `matchSharedRules` tells need not be asked for each user.
  const compiled = number === undefined ? conditionsOf(kind, rule) : []
  if (compiled === undefined) return undefined
  const text =
    kind === 'override' || kind === 'underride'
      ? rule.conditions
      : [kind, kind === 'content' ? (rule.pattern ?? '') : rule.rule_id]
  return {
    bit: number === undefined ? 0 : 1 << number,
    roomConditions: compiled.filter((condition) => condition.about === 'room'),
    conditions: compiled.filter((condition) => condition.about !== 'room'),
    text: stringifyJson(text ?? []),
    isDefault: rule.default,
    outcome: outcomeOfActions(rule.actions),
  }
}

/** @returns undefined if the rule never matches. */
function conditionsOf(kind: PushRuleKind, rule: PushRule): PushCondition[] | undefined {
  switch (kind) {
    case 'override':
    case 'underride':
      return all((rule.conditions ?? []).map((condition: JsonObject) => compilePushCondition(condition)))
    case 'content':
      return all([bodyMatches(rule.pattern)])
    case 'room':
      return [inRoom(rule.rule_id)]
    case 'sender':
      return [fromSender(rule.rule_id)]
  }
}

function all(conditions: readonly (PushCondition | undefined)[]): PushCondition[] | undefined {
  const known = conditions.filter((condition) => condition !== undefined)
  return known.length === conditions.length ? known : undefined
}

function stepsInRoom(rules: readonly CompiledRule[], roomId: string): Step[] {
  const steps: Step[] = []
  for (const { bit, roomConditions, conditions, text, isDefault, outcome } of rules) {
    if (!roomConditions.every(({ matches }) => matches(roomId))) continue
    const alwaysMatches = bit === 0 && conditions.length === 0
    const isAboutOwner = conditions.some(({ about }) => about === 'owner')
    const personal = bit === 0 && !alwaysMatches ? { text, isAboutOwner, isDefault, conditions } : undefined
    steps.push({ bit, personal, outcome })
    // Nothing behind it is ever reached.
    if (alwaysMatches) break
  }
  return steps
}

class RulesInRoom implements RoomPushRules {
  readonly #steps: readonly Step[]
  readonly class: PushClass
  readonly personal: readonly PersonalRule[]

  constructor(steps: readonly Step[]) {
    this.#steps = steps
    // A rule that does not match can be left out, so where no personal one matches the others decide.
    this.class = new PushClass(steps.filter(({ personal }) => personal === undefined))
    this.personal = steps.flatMap(({ personal }) => personal ?? [])
  }

  outcome(
    subject: PushSubject,
    matched: MatchedRules,
    owner: { userId: string; displayName: string | undefined },
  ): PushOutcome {
    for (const { bit, personal, outcome } of this.#steps) {
      if (personal === undefined) {
        if (bit === 0 || (bit & matched) !== 0) return outcome
      } else if (personal.conditions.every(({ matches }) => matches(subject, owner))) {
        return outcome
      }
    }
    return NO_PUSH
  }
}
