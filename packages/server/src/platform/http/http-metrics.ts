import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

/** The metrics of one route. */
export interface RouteMetrics {
  /** A request came in. */
  begin(): void
  /** It was answered, or lost; `status` is the HTTP status. */
  end(status: number, durationMs: number): void
}

/**
 * Counts requests under the names Synapse has for them. `servlet` is the endpoint's own name for its metrics, so its
 * values are as many as there are endpoints.
 */
export class HttpMetrics {
  readonly #received: Counter
  readonly #inFlight: Gauge
  readonly #responses: Counter
  readonly #responseTime: Histogram

  constructor(registry: Registry) {
    const registers = [registry]
    const labelNames = ['method', 'servlet']
    this.#received = new Counter({
      name: 'synapse_http_server_requests_received_total',
      help: 'Requests received.',
      labelNames,
      registers,
    })
    this.#inFlight = new Gauge({
      name: 'synapse_http_server_in_flight_requests_count',
      help: 'Requests under way.',
      labelNames,
      registers,
    })
    this.#responses = new Counter({
      name: 'synapse_http_server_responses_total',
      help: 'Answers, by HTTP status.',
      labelNames: ['method', 'code'],
      registers,
    })
    this.#responseTime = new Histogram({
      name: 'synapse_http_server_response_time_seconds',
      help: 'Time from a request to the end of its answer.',
      labelNames: [...labelNames, 'code'],
      buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
      registers,
    })
  }

  /** The metrics of one route, with its labels bound once. */
  route(method: string, servlet: string): RouteMetrics {
    const received = this.#received.labels(method, servlet)
    const inFlight = this.#inFlight.labels(method, servlet)
    const byStatus = new Map<number, { responses: Counter.Internal; time: Histogram.Internal<string> }>()
    const ofStatus = (status: number) => {
      const code = String(status)
      const bound = {
        responses: this.#responses.labels(method, code),
        time: this.#responseTime.labels(method, servlet, code),
      }
      byStatus.set(status, bound)
      return bound
    }
    return {
      begin() {
        received.inc()
        inFlight.inc()
      },
      end(status, durationMs) {
        inFlight.dec()
        const { responses, time } = byStatus.get(status) ?? ofStatus(status)
        responses.inc()
        time.observe(durationMs / 1_000)
      },
    }
  }
}
