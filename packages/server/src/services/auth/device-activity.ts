import type { Clock } from '../../platform/clock/clock.ts'
import type { Database } from '../../platform/database/database.ts'
import type { DeviceSighting, DeviceStore } from '../../storage/device-store.ts'
import type { Schema } from '../../storage/schema.ts'

/** A device is written at most that often. */
const DEVICE_INTERVAL_MS = 3 * 60_000
/** What has gathered is written at most that often. */
const FLUSH_INTERVAL_MS = 20_000
/** More devices than that waiting are written at once. */
const MAX_WAITING = 1_000
/** One commit takes at most that many, so that live writes do not wait behind it. */
const BATCH_SIZE = 100

/** What `DeviceActivity` stands on. */
export interface DeviceActivityDeps {
  readonly clock: Clock
  readonly database: Database<Schema>
  readonly devices: DeviceStore
  /** Hears of writes that failed; what they held is lost. */
  readonly onError: (error: unknown) => void
}

/**
 * Remembers when and from where devices were last heard of. It never makes a request wait and writes a device at most
 * once in three minutes, so what is stored may be that much behind; a crash loses the last seconds.
 */
export class DeviceActivity {
  readonly #deps: DeviceActivityDeps
  readonly #waiting = new Map<string, DeviceSighting>()
  #lastFlush: number
  #flushing: Promise<void> = Promise.resolve()

  constructor(deps: DeviceActivityDeps) {
    this.#deps = deps
    this.#lastFlush = deps.clock.monotonic()
  }

  /**
   * Notes that a device was heard of, unless that was done a moment ago.
   * @param previous when it was last noted, in milliseconds since the epoch
   * @returns whether it was noted now.
   */
  saw(sighting: DeviceSighting, previous: number | undefined): boolean {
    if (previous !== undefined && sighting.ts - previous < DEVICE_INTERVAL_MS && sighting.ts >= previous) return false
    this.#waiting.set(`${sighting.userNid} ${sighting.deviceId}`, sighting)
    const sinceFlush = this.#deps.clock.monotonic() - this.#lastFlush
    if (sinceFlush >= FLUSH_INTERVAL_MS || this.#waiting.size >= MAX_WAITING) void this.flush()
    return true
  }

  /** Writes what has gathered; also to be called before the server stops. Does not throw. */
  flush(): Promise<void> {
    this.#lastFlush = this.#deps.clock.monotonic()
    const sightings = [...this.#waiting.values()]
    this.#waiting.clear()
    this.#flushing = this.#flushing.then(() => this.#write(sightings))
    return this.#flushing
  }

  async #write(sightings: readonly DeviceSighting[]): Promise<void> {
    try {
      for (let start = 0; start < sightings.length; start += BATCH_SIZE) {
        const batch = sightings.slice(start, start + BATCH_SIZE)
        await this.#deps.database.write({ statements: batch.map((sighting) => this.#deps.devices.saw(sighting)) })
      }
    } catch (error) {
      this.#deps.onError(error)
    }
  }
}
