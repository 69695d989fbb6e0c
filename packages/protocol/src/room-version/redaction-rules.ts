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

/** @spec rooms/v11/#redactions */
export const V11_REDACTION: RedactionRules = {
  optionalKeys: ['event_id', 'room_id', 'state_key'],
  content: new Map<string, ContentRedaction>([
    [
      'm.room.member',
      new Map<string, 'all' | readonly string[]>([
        ['membership', 'all'],
        ['join_authorised_via_users_server', 'all'],
        ['third_party_invite', ['signed']],
      ]),
    ],
    ['m.room.create', 'all'],
    ['m.room.join_rules', keys('join_rule', 'allow')],
    [
      'm.room.power_levels',
      keys('ban', 'events', 'events_default', 'invite', 'kick', 'redact', 'state_default', 'users', 'users_default'),
    ],
    ['m.room.history_visibility', keys('history_visibility')],
    ['m.room.redaction', keys('redacts')],
  ]),
}

function keys(...names: string[]): ContentRedaction {
  return new Map(names.map((name) => [name, 'all']))
}
