import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'

/** What every series says about the process it comes from. */
export interface MetricsRegistryOptions {
  readonly serverName: string
  /** Magik's version. */
  readonly version: string
}

/**
 * Makes the registry that all parts put their metrics in. Every series carries `server_name`, as Synapse's do.
 */
export function createMetricsRegistry({ serverName, version }: MetricsRegistryOptions): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ server_name: serverName })
  new Gauge({
    name: 'synapse_server_name_info',
    help: 'The server name, to join other series with.',
    registers: [registry],
  }).set(1)
  new Gauge({
    name: 'synapse_build_info',
    help: 'Versions of the server and of what it runs on.',
    labelNames: ['version', 'nodeversion', 'osversion'],
    registers: [registry],
  }).set({ version, nodeversion: process.versions.node, osversion: `${process.platform}-${process.arch}` }, 1)
  return registry
}

/**
 * Adds the metrics of the process: CPU, memory, file descriptors, garbage collection. The library watches the collector
 * for as long as the process lives, and keeps the registry and all it measures alive with that: for the one server of a
 * process, once it runs.
 */
export function watchProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry })
}
