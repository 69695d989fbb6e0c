import Type from 'typebox'

/** Prometheus metrics. */
export const metricsOptions = {
  enable_metrics: Type.Boolean({
    default: false,
    description:
      'Collect metrics for Prometheus. They are served by a listener of type `metrics` (at `/_synapse/metrics` and ' +
      '`/metrics`) or with the resource `metrics`: never expose it to the outside.',
  }),
}
