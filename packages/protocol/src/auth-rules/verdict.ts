/**
 * What the authorisation rules say to an event. `rule` is the number of the rule that refused it, `reason` a sentence
 * for people.
 *
 * Rules are numbered as room version 12 prints them, whatever the room's version, so that one number always means the
 * same rule. A rule that version 12 no longer has is numbered as its last version printed it: `v5/4.2`, `v2/11.3`,
 * `v10/1.4`, `v11/1.2`, `v11/2.4`.
 */
export type Verdict = { readonly allowed: true } | Refusal

/** The verdict on an event that may not be. */
export interface Refusal {
  readonly allowed: false
  readonly rule: string
  readonly reason: string
}

/** The verdict on an event that may be. */
export const ALLOWED: Verdict = { allowed: true }

/** Refuses an event. */
export function refuse(rule: string, reason: string): Refusal {
  return { allowed: false, rule, reason }
}
