import { type JsonObject, type JsonValue, MatrixError } from '@magik/protocol'
import type { InteractiveAuth } from '../auth/interactive-auth.ts'
import type { Requester } from '../auth/requester.ts'
import type { Sessions } from '../auth/sessions.ts'

/** What `DeviceRemoval` stands on. */
export interface DeviceRemovalDeps {
  readonly interactiveAuth: InteractiveAuth
  readonly sessions: Sessions
}

/** Most devices removed by one request. */
const MAX_DEVICES = 1_000

/** Removes devices for users who prove that the account is theirs: a stolen token shall not lock its owner out. */
export class DeviceRemoval {
  readonly #deps: DeviceRemovalDeps

  constructor(deps: DeviceRemovalDeps) {
    this.#deps = deps
  }

  /** Succeeds as well where the device is gone. @throws InteractiveAuthRequired, MatrixError */
  async removeOne(requester: Requester, deviceId: string, body: JsonObject): Promise<void> {
    const path = `/devices/${encodeURIComponent(deviceId)}`
    await this.#authenticate(requester, { method: 'DELETE', path, body })
    await this.#deps.sessions.closeDevice(requester.userNid, deviceId)
  }

  /** @param body holds the list `devices` of device IDs. @throws InteractiveAuthRequired, MatrixError */
  async removeSeveral(requester: Requester, body: JsonObject): Promise<void> {
    // Checked at once where it is sent; a later request of the session may leave it out.
    if (body['auth'] === undefined || body['devices'] !== undefined) readDeviceIds(body['devices'])
    const parameters = await this.#authenticate(requester, { method: 'POST', path: '/delete_devices', body })
    for (const deviceId of readDeviceIds(parameters['devices'])) {
      await this.#deps.sessions.closeDevice(requester.userNid, deviceId)
    }
  }

  async #authenticate(
    requester: Requester,
    request: { readonly method: string; readonly path: string; readonly body: JsonObject },
  ): Promise<JsonObject> {
    const { parameters } = await this.#deps.interactiveAuth.authenticate({
      ...request,
      requester,
      flows: [{ stages: ['m.login.password'] }],
      allowsNewParameters: false,
      allowsRecentProof: true,
    })
    return parameters
  }
}

function readDeviceIds(value: JsonValue | undefined): string[] {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', 'Missing devices')
  if (!Array.isArray(value) || !value.every((deviceId) => typeof deviceId === 'string')) {
    throw new MatrixError('M_BAD_JSON', 'devices must be a list of strings')
  }
  if (value.length > MAX_DEVICES) throw new MatrixError('M_INVALID_PARAM', `At most ${MAX_DEVICES} devices at once`)
  return value
}
