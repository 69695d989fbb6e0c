import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { setMember } from '../json/own-members.ts'
import { stringifyJson } from '../json/stringify-json.ts'

/** What a rule's actions come to. @spec client-server-api/#actions */
export interface PushOutcome {
  readonly notify: boolean
  /** Whether the notification is highlighted; never without `notify`. */
  readonly highlight: boolean
  /** What push gateways are told besides, by name of the tweak. */
  readonly tweaks: JsonObject
  /** Equal outcomes have equal keys. */
  readonly key: string
}

/** Nothing happens. */
export const NO_PUSH: PushOutcome = { notify: false, highlight: false, tweaks: {}, key: '' }

/**
 * Reads a rule's actions. Those that nobody knows, and `dont_notify` and `coalesce` of older clients, do nothing;
 * without `notify` nothing else counts.
 * @spec client-server-api/#actions
 */
export function outcomeOfActions(actions: readonly JsonValue[]): PushOutcome {
  if (!actions.includes('notify')) return NO_PUSH
  const tweaks: JsonObject = {}
  for (const action of actions) {
    if (!isJsonObject(action)) continue
    const { set_tweak: name, value } = action
    if (typeof name !== 'string') continue
    // A highlight without a value means that there is one.
    if (value !== undefined) setMember(tweaks, name, value)
    else if (name === 'highlight') setMember(tweaks, name, true)
  }
  const highlight = Object.hasOwn(tweaks, 'highlight') && tweaks['highlight'] === true
  return { notify: true, highlight, tweaks, key: stringifyJson(tweaks) }
}
