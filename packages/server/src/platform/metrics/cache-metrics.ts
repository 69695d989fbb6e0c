import { Gauge, type Registry } from 'prom-client'

/** What a cache tells of itself. */
export interface CacheFigures {
  readonly hits: number
  readonly misses: number
  readonly bytes: number
}

/** Reports caches under the names that Synapse's dashboards look for. `caches` maps each cache's name to its figures. */
export function cacheMetrics(registry: Registry, caches: Readonly<Record<string, () => CacheFigures>>): void {
  const gauge = (name: string, help: string, value: (figures: CacheFigures) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['name'],
      registers: [registry],
      collect() {
        for (const [cache, figures] of Object.entries(caches)) this.set({ name: cache }, value(figures()))
      },
    })
  gauge('synapse_util_caches_cache_hits', 'Look-ups answered from memory.', ({ hits }) => hits)
  gauge('synapse_util_caches_cache', 'Look-ups.', ({ hits, misses }) => hits + misses)
  gauge('magik_cache_bytes', 'Bytes held.', ({ bytes }) => bytes)
}
