import type { Clock } from './clock.ts'
import { HttpClient } from './http/http-client.ts'
import { offersOpenRegistration, type Registration } from './matrix/registration.ts'
import type { Measurement } from './measuring/measurement.ts'
import type { RunningServer } from './peers/peer.ts'
import { noProcessMeter, processTreeMeter } from './process/process-tree.ts'
import type { Round } from './report/summary.ts'
import type { Effort, Scenario } from './scenarios/scenario.ts'
import { World, type WorldShape } from './world.ts'

export interface RoundPlan {
  readonly serverName: string
  readonly server: RunningServer
  readonly scenarios: readonly Scenario[]
  readonly effort: Effort
  readonly shape: WorldShape
  /** Distinguishes this round's users from all others the server may know. */
  readonly prefix: string
  readonly clock: Clock
  readonly onMeasurement: (measurement: Measurement) => void
}

/**
 * Runs the scenarios against a running server, in a world of their own.
 * @throws Error naming the scenario that failed.
 */
export async function runRound(plan: RoundPlan): Promise<Round> {
  const { server, clock } = plan
  const http = new HttpClient(server.baseUrl, clock)
  try {
    const registration = await chooseRegistration(http, server)
    const world = new World({ http, registration, prefix: plan.prefix, shape: plan.shape })
    const instruments = {
      clock,
      server: server.pid === undefined ? noProcessMeter : processTreeMeter(server.pid),
      generatorCpuMs,
    }
    const measurements: Measurement[] = []
    for (const scenario of plan.scenarios) {
      const found = await scenario.run({ world, instruments, effort: plan.effort }).catch((error: unknown) => {
        throw new Error(`${plan.serverName} failed ${scenario.name}: ${messageOf(error)}`, { cause: error })
      })
      for (const measurement of found) plan.onMeasurement(measurement)
      measurements.push(...found)
    }
    return { server: plan.serverName, measurements }
  } finally {
    http.close()
  }
}

/** Open registration is what users meet, so it comes first. */
async function chooseRegistration(http: HttpClient, server: RunningServer): Promise<Registration> {
  if (await offersOpenRegistration(http)) return { kind: 'open' }
  if (server.sharedSecret !== undefined) return { kind: 'shared-secret', secret: server.sharedSecret }
  throw new Error('the server offers no open registration without verification, and no shared secret was given')
}

function generatorCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
