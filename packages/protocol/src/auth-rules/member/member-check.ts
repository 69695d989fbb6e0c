import type { JsonObject } from '../../json/json-value.ts'
import type { AuthCheck } from '../auth-check.ts'

/** A membership event under check. */
export interface MemberCheck {
  readonly check: AuthCheck
  readonly content: JsonObject
  /** The user whose membership it is: the event's state key. */
  readonly target: string
}
