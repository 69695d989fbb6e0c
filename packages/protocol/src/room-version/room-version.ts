import type { RedactionRules } from './redaction-rules.ts'

/**
 * A room version as data: one field for everything in which two room versions differ. Code asks for the field, never
 * for the version's name.
 * @spec rooms/
 */
export interface RoomVersion {
  /** The name clients and servers use: `'12'`. */
  readonly id: string

  /**
   * Where an event's ID comes from: an `event_id` field that its server assigned, or the reference hash in one of the
   * two base64 alphabets.
   * @spec rooms/v4/#event-ids
   */
  readonly eventIdFormat: 'assigned' | 'base64' | 'base64url'
  /** Whether `prev_events` and `auth_events` list IDs or pairs of ID and hashes. @spec rooms/v3/#event-format */
  readonly eventReferences: 'pairs' | 'ids'
  /**
   * Whether the room's ID is chosen by the server that creates it, with its name as domain, or is the create event's
   * ID with another sigil. In the latter case the create event carries no `room_id`.
   * @spec rooms/v12/#event-format
   */
  readonly roomIdFormat: 'domain' | 'create-event'
  /**
   * Whether other events list the create event among their `auth_events`. Where the room's ID names it, they must not.
   * @spec server-server-api/#auth-events-selection
   */
  readonly createEventIn: 'auth-events' | 'room-id'
  /**
   * `strict`: numbers are integers within ±(2^53 − 1), anything else makes the event invalid. `lossless`: numbers are
   * hashed in the spelling they were sent in.
   * @spec rooms/v6/#canonical-json
   */
  readonly canonicalJson: 'strict' | 'lossless'
  /** Largest `depth`. @spec rooms/v6/#event-format */
  readonly maxDepth: bigint
  /** Whether the server in the event's ID must sign it as well as the sender's. @spec rooms/v3/#authorisation-rules */
  readonly signedByEventIdServer: boolean
  /** Whether a signing key counts only until its `valid_until_ts`. @spec rooms/v5/#signing-key-validity-period */
  readonly enforcesKeyValidity: boolean

  /** What a redaction leaves of an event. @spec rooms/v11/#redactions */
  readonly redaction: RedactionRules
  /** Where a redaction event names the event it redacts. @spec rooms/v11/#event-format */
  readonly redactsIn: 'top-level' | 'content'
  /**
   * Whether the right to redact is part of the authorisation rules or is checked when the redaction is applied.
   * @spec rooms/v3/#handling-redactions
   */
  readonly redactionRightCheckedBy: 'auth-rules' | 'receipt'

  /** What names the room's creator. @spec rooms/v11/#event-format */
  readonly creatorNamedBy: 'content' | 'sender'
  /** Whether `additional_creators` in the create event's content counts. @spec rooms/v12/#authorisation-rules */
  readonly additionalCreators: boolean
  /** Creators' power: 100 until there is a power levels event, or infinite for ever. @spec rooms/v12/#event-format */
  readonly creatorPower: 'initial' | 'infinite'

  /** What counts as a power level. @spec rooms/v10/#values-in-mroompower_levels-events-must-be-integers */
  readonly powerLevelValues: 'integers' | 'integers-or-strings' | 'numbers-or-strings'
  /** Whether changes of `notifications` in power levels are authorised. @spec rooms/v6/#authorisation-rules */
  readonly authorisesNotificationLevels: boolean
  /** Whether `m.room.aliases` has a rule of its own. @spec rooms/v6/#authorisation-rules */
  readonly aliasesRule: boolean
  /** @spec rooms/v7/#authorisation-rules */
  readonly knocking: boolean
  /** @spec rooms/v8/#authorisation-rules */
  readonly restrictedJoins: boolean
  /** @spec rooms/v10/#authorisation-rules */
  readonly knockRestrictedJoins: boolean

  /** `v2.1` is version 2 as room version 12 amends it. @spec rooms/v12/#state-resolution */
  readonly stateResolution: 'v1' | 'v2' | 'v2.1'
}
