import type { JsonValue } from '@magik/protocol'
import Type from 'typebox'

/** A map whose values are passed on as they are, such as the content of an event. */
export function jsonMap(annotations: { readonly description?: string; readonly default?: unknown } = {}) {
  return Type.Record(Type.String(), Type.Unsafe<JsonValue>({}), { ...annotations })
}
