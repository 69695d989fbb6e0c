import Type, { type Static } from 'typebox'
import { nullable, size } from './declare.ts'

const BYTES_AT_FACTOR_ONE = 512 * 1_024 ** 2

/** How much memory caches may take. */
export const cacheOptions = {
  caches: Type.Object(
    {
      global_factor: Type.Number({
        default: 0.5,
        minimum: 0,
        description:
          'Scales all caches: 1 gives them 512 MiB together. The environment variable `SYNAPSE_CACHE_FACTOR` wins over it.',
      }),
      max_bytes: nullable(size({ description: '' }), {
        magikOnly: true,
        sample: '256M',
        description: 'Bytes all caches may take together, instead of what `global_factor` gives.',
      }),
    },
    { default: {}, description: 'Caches.' },
  ),
}

/** Bytes that all caches may take together. */
export function cacheBytes({ caches }: { readonly caches: Static<typeof cacheOptions.caches> }): number {
  return caches.max_bytes ?? Math.round(caches.global_factor * BYTES_AT_FACTOR_ONE)
}
