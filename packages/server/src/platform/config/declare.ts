import Type, {
  type TInteger,
  type TNull,
  type TObject,
  type TSchema,
  type TString,
  type TUnion,
  type TUnsafe,
} from 'typebox'

/**
 * What an option's declaration may say beyond JSON Schema.
 *
 * - `unit`: how the YAML scalar is spelled. `duration` becomes milliseconds, `size` bytes, `file_mode` permission bits,
 *   `path` an absolute path, `url` and `base_url` a checked http(s) URL (the latter with a trailing slash), `token` a
 *   string that may be written as a number.
 * - `secret`: the value never appears in an error message.
 * - `secretFor`: this option names a file whose stripped content is the value of that other option.
 * - `pending`: Synapse has it, it is read and checked, but nothing acts on it yet; setting it to anything but its
 *   default is warned of at start.
 * - `magikOnly`: Synapse has no such option.
 * - `defaultText`: the default in words, where it hangs on something else.
 * - `sample`: the value shown in the sample file instead of the default.
 */
export interface OptionNotes {
  readonly unit?: 'duration' | 'size' | 'file_mode' | 'path' | 'url' | 'base_url' | 'token'
  readonly secret?: boolean
  readonly secretFor?: string
  readonly pending?: boolean
  readonly magikOnly?: boolean
  readonly defaultText?: string
  readonly sample?: unknown
}

/** The face of a TypeBox schema that this folder reads. Every declared option fits it. */
export interface OptionSchema extends OptionNotes {
  readonly type?: string
  readonly const?: unknown
  readonly anyOf?: readonly OptionSchema[]
  readonly items?: OptionSchema
  readonly properties?: Readonly<Record<string, OptionSchema>>
  readonly patternProperties?: Readonly<Record<string, OptionSchema>>
  readonly minimum?: number
  readonly exclusiveMinimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly patternMeaning?: string
  readonly minItems?: number
  readonly description?: string
  readonly default?: unknown
}

/** A declaration's annotations: its text, its default (absent: the option is mandatory) and its notes. */
export interface Declaration extends OptionNotes {
  readonly description: string
  readonly default?: unknown
}

/** A span of time: in the file an integer of milliseconds or `5m`, `1d`, ...; in the config milliseconds. */
export function duration(declaration: Declaration): TInteger {
  return Type.Integer({ minimum: 0, unit: 'duration', ...declaration })
}

/** A number of bytes: in the file an integer or `50M`, ...; in the config bytes. */
export function size(declaration: Declaration): TInteger {
  return Type.Integer({ minimum: 0, unit: 'size', ...declaration })
}

/** A file or folder; a relative one counts from the working directory, as in Synapse. In the config it is absolute. */
export function filePath(declaration: Declaration): TString {
  return Type.String({ minLength: 1, unit: 'path', ...declaration })
}

/** An option that may be null, and is unless set. */
export function nullable<Inner extends TSchema>(
  inner: Inner,
  declaration: Omit<Declaration, 'default'> & { default?: unknown },
): TUnion<[Inner, TNull]> {
  return Type.Union([inner, Type.Null()], { default: null, ...declaration })
}

/** A choice among fixed words. */
export function oneOf<const Word extends string>(words: readonly Word[], declaration: Declaration): TUnsafe<Word> {
  const literals = words.map((word) => Type.Literal(word))
  // A list of literals whose length is not in its type would leave the option without a type.
  return Type.Unsafe<Word>(Type.Union(literals, { ...declaration }))
}

/** How often something may happen: a steady rate, and a burst after a quiet spell. */
export function rate(
  perSecond: number,
  burstCount: number,
  declaration: Omit<Declaration, 'default'>,
): TObject<{ per_second: ReturnType<typeof Type.Number>; burst_count: TInteger }> {
  return Type.Object(
    {
      per_second: Type.Number({ default: perSecond, minimum: 0, description: 'Steady rate, once the burst is spent.' }),
      burst_count: Type.Integer({
        default: burstCount,
        minimum: 0,
        description: 'How many at once after a quiet spell.',
      }),
    },
    { default: {}, ...declaration },
  )
}

/** A TypeBox schema seen through the annotations of this folder. */
export function optionSchema(schema: TSchema): OptionSchema {
  return schema
}
