import type { StateKey } from '../auth-rules/auth-event-keys.ts'
import { compareCodePoints } from '../json/code-point-order.ts'

/** A map from type and state key, in the order the keys were first set. */
export class StateKeyMap<Value> {
  readonly #types = new Map<string, Map<string, Value>>()

  get(type: string, stateKey: string): Value | undefined {
    return this.#types.get(type)?.get(stateKey)
  }

  has(type: string, stateKey: string): boolean {
    return this.#types.get(type)?.has(stateKey) ?? false
  }

  set(type: string, stateKey: string, value: Value): void {
    const values = this.#types.get(type)
    if (values) values.set(stateKey, value)
    else this.#types.set(type, new Map([[stateKey, value]]))
  }

  *[Symbol.iterator](): Generator<[StateKey, Value], void, void> {
    for (const [type, values] of this.#types) {
      for (const [stateKey, value] of values) yield [[type, stateKey], value]
    }
  }
}

/** Orders by type, then by state key, by code point. */
export function compareStateKeys(a: StateKey, b: StateKey): number {
  return compareCodePoints(a[0], b[0]) || compareCodePoints(a[1], b[1])
}
