import { MatrixError } from '@magik/protocol'
import { changeKind } from '../../storage/change-kind.ts'
import type { Device, DeviceStore } from '../../storage/device-store.ts'
import type { ChangeLog } from '../log/change-log.ts'

export type { Device }

/** Longest name of a device, in UTF-16 units. */
export const MAX_DEVICE_DISPLAY_NAME_LENGTH = 100

/** What `Devices` stands on. */
export interface DevicesDeps {
  readonly changeLog: ChangeLog
  readonly devices: DeviceStore
}

/** The devices of this server's users, as their owners see them. */
export class Devices {
  readonly #deps: DevicesDeps

  constructor(deps: DevicesDeps) {
    this.#deps = deps
  }

  /** Every device of a user. */
  list(userNid: number): Promise<Device[]> {
    return this.#deps.devices.ofUser(userNid)
  }

  /** @throws MatrixError M_NOT_FOUND */
  async get(userNid: number, deviceId: string): Promise<Device> {
    const device = await this.#deps.devices.find(userNid, deviceId)
    if (device === undefined) throw new MatrixError('M_NOT_FOUND', 'No such device')
    return device
  }

  /** @throws MatrixError M_NOT_FOUND; M_INVALID_PARAM if the name is too long. */
  async rename(userNid: number, deviceId: string, displayName: string | undefined): Promise<void> {
    checkDeviceDisplayName(displayName)
    const result = await this.#deps.changeLog.append({
      statements: [this.#deps.devices.rename(userNid, deviceId, displayName)],
      changes: [{ kind: changeKind.device, userNid }],
    })
    if (!result.committed) throw new MatrixError('M_NOT_FOUND', 'No such device')
  }
}

/** @throws MatrixError M_INVALID_PARAM if a device's display name is too long. */
export function checkDeviceDisplayName(displayName: string | undefined): void {
  if (displayName !== undefined && displayName.length > MAX_DEVICE_DISPLAY_NAME_LENGTH) {
    throw new MatrixError(
      'M_INVALID_PARAM',
      `Device names must have at most ${MAX_DEVICE_DISPLAY_NAME_LENGTH} characters`,
    )
  }
}
