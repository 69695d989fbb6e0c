import { isJsonObject, type JsonObject as JsonObjectValue, JsonNumber, type JsonValue } from '@magik/protocol'
import Type, { type TUnsafe } from 'typebox'
import { NOT_AN_OBJECT } from './validation-problem.ts'

/**
 * Any JSON object. Unlike `Type.Object({})` it refuses a number whose literal was kept (`JsonNumber`), which to
 * JavaScript is an object, too.
 */
export const JsonObject: TUnsafe<JsonObjectValue> = Type.Unsafe<JsonObjectValue>(
  Type.Refine(
    Type.Object({}),
    (value) => !(value instanceof JsonNumber),
    () => NOT_AN_OBJECT,
  ),
)

/** Any JSON value. */
export const Json: TUnsafe<JsonValue> = Type.Unsafe<JsonValue>(Type.Unknown())

/** An object whose values all pass the same schema-like check, such as a map from user to device. */
export function jsonMap<Value extends JsonValue>(
  isValue: (value: JsonValue) => value is Value,
): TUnsafe<Record<string, Value>> {
  return Type.Unsafe<Record<string, Value>>(
    Type.Refine(JsonObject, (value) => isJsonObject(value) && Object.values(value).every(isValue)),
  )
}

/** A string of a branded type, such as a room ID, by the function that knows its grammar. */
export function brandedString<Brand extends string>(is: (text: string) => text is Brand): TUnsafe<Brand> {
  return Type.Unsafe<Brand>(Type.Refine(Type.String(), (text) => is(text)))
}
