import type { Registry } from 'prom-client'
import type { Clock } from '../clock/clock.ts'
import { histogram } from './instruments.ts'

/** How often the event loop's delay is sampled. */
const SAMPLE_PERIOD_MS = 50

/**
 * Samples how late timers fire. The histogram has the name that Synapse's dashboards look for.
 * @returns ends the sampling.
 */
export function watchEventLoopDelay(registry: Registry, clock: Clock): () => void {
  const delay = histogram(registry, {
    name: 'python_twisted_reactor_tick_time',
    help: 'How late timers fire, in seconds: what a request waits for the event loop.',
    buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  })
  let due = clock.monotonic() + SAMPLE_PERIOD_MS
  const timer = clock.setInterval(() => {
    const now = clock.monotonic()
    delay.observe(Math.max(0, now - due) / 1_000)
    due = now + SAMPLE_PERIOD_MS
  }, SAMPLE_PERIOD_MS)
  return () => timer.cancel()
}
