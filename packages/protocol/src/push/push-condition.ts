import type { JsonObject, JsonValue } from '../json/json-value.ts'
import { parsePropertyPath } from './event-property.ts'
import { foldText, Glob } from './glob.ts'
import type { PushSubject } from './push-subject.ts'

/** Whom a rule belongs to, in the room of the event. */
export interface PushOwner {
  readonly userId: string
  /** In that room. */
  readonly displayName: string | undefined
}

/** A condition made ready. */
export type PushCondition =
  | {
      /** About nothing but the room. */
      readonly about: 'room'
      readonly matches: (roomId: string) => boolean
    }
  | {
      /** About the event; `owner`: and about whose rule it is. */
      readonly about: 'event' | 'owner'
      readonly matches: (subject: PushSubject, owner: PushOwner) => boolean
    }

const MEMBER_COUNT = /^(==|<=|>=|<|>)?([0-9]+)$/

/**
 * Makes a condition ready.
 * @returns undefined for one that never matches: of a kind nobody knows, or without what its kind asks for.
 * @spec client-server-api/#conditions-1
 */
export function compilePushCondition(condition: JsonObject): PushCondition | undefined {
  switch (condition['kind']) {
    case 'event_match':
      return eventMatch(condition['key'], condition['pattern'])
    case 'event_property_is':
      return propertyIs(condition['key'], condition['value'])
    case 'event_property_contains':
      return propertyContains(condition['key'], condition['value'])
    case 'contains_display_name':
      return { about: 'owner', matches: containsDisplayName }
    case 'room_member_count':
      return memberCount(condition['is'])
    case 'sender_notification_permission':
      return senderPermission(condition['key'])
    default:
      return undefined
  }
}

/** The condition that a rule of kind `room` stands for. */
export function inRoom(ruleId: string): PushCondition {
  return { about: 'room', matches: (roomId) => roomId === ruleId }
}

/** The condition that a rule of kind `sender` stands for. */
export function fromSender(ruleId: string): PushCondition {
  return { about: 'event', matches: (subject) => subject.sender === ruleId }
}

/** The condition that a rule of kind `content` stands for. */
export function bodyMatches(pattern: JsonValue | undefined): PushCondition | undefined {
  return eventMatch('content.body', pattern)
}

function eventMatch(key: JsonValue | undefined, pattern: JsonValue | undefined): PushCondition | undefined {
  if (typeof key !== 'string' || typeof pattern !== 'string') return undefined
  const glob = Glob.compile(pattern)
  if (glob === undefined) return undefined
  if (key === 'room_id') return { about: 'room', matches: (roomId) => glob.matchesWhole(foldText(roomId)) }
  if (key === 'content.body') {
    return { about: 'event', matches: (subject) => subject.body !== undefined && glob.matchesWords(subject.body) }
  }
  const names = parsePropertyPath(key)
  const isPlain = !/[*?]/.test(pattern)
  return {
    about: 'event',
    matches: (subject) => {
      const value = subject.property(names)
      if (typeof value !== 'string') return false
      if (isPlain && (value === pattern || value.length !== pattern.length)) return value === pattern
      return glob.matchesWhole(foldText(value))
    },
  }
}

function propertyIs(key: JsonValue | undefined, expected: JsonValue | undefined): PushCondition | undefined {
  if (typeof key !== 'string' || !isSimple(expected)) return undefined
  const names = parsePropertyPath(key)
  return { about: 'event', matches: (subject) => subject.property(names) === expected }
}

function propertyContains(key: JsonValue | undefined, expected: JsonValue | undefined): PushCondition | undefined {
  if (typeof key !== 'string' || !isSimple(expected)) return undefined
  const names = parsePropertyPath(key)
  return {
    about: 'event',
    matches: (subject) => {
      const values = subject.property(names)
      return Array.isArray(values) && values.includes(expected)
    },
  }
}

/** Strings, integers, booleans and null; a `JsonNumber` is no such integer. */
function isSimple(value: JsonValue | undefined): value is string | number | boolean | null {
  return value !== undefined && (value === null || typeof value !== 'object')
}

function containsDisplayName(subject: PushSubject, { displayName }: PushOwner): boolean {
  // No name would be found in every text.
  if (displayName === undefined || displayName === '' || subject.body === undefined) return false
  return Glob.literal(displayName)?.matchesWords(subject.body) ?? false
}

function memberCount(is: JsonValue | undefined): PushCondition | undefined {
  const parts = typeof is === 'string' ? MEMBER_COUNT.exec(is) : null
  if (parts === null) return undefined
  const [, comparison = '==', digits] = parts
  const bound = Number(digits)
  const holds: (count: number) => boolean =
    {
      '==': (count: number) => count === bound,
      '<': (count: number) => count < bound,
      '>': (count: number) => count > bound,
      '<=': (count: number) => count <= bound,
      '>=': (count: number) => count >= bound,
    }[comparison] ?? (() => false)
  return { about: 'event', matches: (subject) => holds(subject.joinedMembers) }
}

function senderPermission(key: JsonValue | undefined): PushCondition | undefined {
  if (typeof key !== 'string') return undefined
  return { about: 'event', matches: (subject) => subject.senderMayNotify(key) }
}
