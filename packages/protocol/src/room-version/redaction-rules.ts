/**
 * What a redaction leaves of an event's `content`: everything, or the named keys. A key that maps to a list keeps only
 * those keys of the object it holds.
 */
export type ContentRedaction = 'all' | ReadonlyMap<string, 'all' | readonly string[]>

/** A room version's redaction algorithm as data. */
export interface RedactionRules {
  /** Top-level keys that stay besides those every event must have, all of which stay in every room version. */
  readonly optionalKeys: readonly string[]
  /** What stays in `content`, by event type; the content of every other type is emptied. */
  readonly content: ReadonlyMap<string, ContentRedaction>
}

/** Levels that stay up to room version 10; who may invite was not among them. */
const LEVELS = ['ban', 'events', 'events_default', 'kick', 'redact', 'state_default', 'users', 'users_default'] as const

/** @spec rooms/v1/#redactions */
export const V1_REDACTION: RedactionRules = {
  optionalKeys: ['event_id', 'room_id', 'state_key', 'prev_state', 'origin', 'membership'],
  content: new Map<string, ContentRedaction>([
    ['m.room.member', keys('membership')],
    ['m.room.create', keys('creator')],
    ['m.room.join_rules', keys('join_rule')],
    ['m.room.power_levels', keys(...LEVELS)],
    ['m.room.aliases', keys('aliases')],
    ['m.room.history_visibility', keys('history_visibility')],
  ]),
}

/** @spec rooms/v6/#redactions */
export const V6_REDACTION = changed(V1_REDACTION, { 'm.room.aliases': undefined })

/** @spec rooms/v8/#redactions */
export const V8_REDACTION = changed(V6_REDACTION, { 'm.room.join_rules': keys('join_rule', 'allow') })

/** @spec rooms/v9/#redactions */
export const V9_REDACTION = changed(V8_REDACTION, {
  'm.room.member': keys('membership', 'join_authorised_via_users_server'),
})

/** @spec rooms/v11/#redactions */
export const V11_REDACTION: RedactionRules = {
  ...changed(V9_REDACTION, {
    'm.room.member': new Map<string, 'all' | readonly string[]>([
      ['membership', 'all'],
      ['join_authorised_via_users_server', 'all'],
      ['third_party_invite', ['signed']],
    ]),
    'm.room.create': 'all',
    'm.room.power_levels': keys(...LEVELS, 'invite'),
    'm.room.redaction': keys('redacts'),
  }),
  optionalKeys: ['event_id', 'room_id', 'state_key'],
}

/** The rules of a later version: those of an earlier one with other rules, or none, for some event types. */
function changed(rules: RedactionRules, types: { [type: string]: ContentRedaction | undefined }): RedactionRules {
  const content = new Map(rules.content)
  for (const [type, rule] of Object.entries(types)) {
    if (rule === undefined) content.delete(type)
    else content.set(type, rule)
  }
  return { ...rules, content }
}

function keys(...names: string[]): ContentRedaction {
  return new Map(names.map((name) => [name, 'all']))
}
