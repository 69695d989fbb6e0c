import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { DeviceRemoval } from '../../services/devices/device-removal.ts'
import type { Device, Devices } from '../../services/devices/devices.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** @spec client-server-api/#get_matrixclientv3devices */
export const getDevices = endpoint({
  route: 'GET /_matrix/client/v3/devices',
  also: olderPaths('/devices'),
  auth: 'guest',
  async handle({ requester }, { devices }: { devices: Devices }) {
    const list = await devices.list(requester.userNid)
    return { devices: list.map(deviceReply) }
  },
})

/** @spec client-server-api/#get_matrixclientv3devicesdeviceid */
export const getDevice = endpoint({
  route: 'GET /_matrix/client/v3/devices/{deviceId}',
  also: olderPaths('/devices/{deviceId}'),
  auth: 'guest',
  async handle({ path, requester }, { devices }: { devices: Devices }) {
    return deviceReply(await devices.get(requester.userNid, path.deviceId))
  },
})

/** @spec client-server-api/#put_matrixclientv3devicesdeviceid */
export const updateDevice = endpoint({
  route: 'PUT /_matrix/client/v3/devices/{deviceId}',
  also: olderPaths('/devices/{deviceId}'),
  auth: 'guest',
  body: Type.Object({ display_name: Type.Optional(Type.String()) }),
  async handle({ path, body, requester }, { devices }: { devices: Devices }) {
    // Without a name there is nothing to change, but the device must be there.
    if (body.display_name === undefined) await devices.get(requester.userNid, path.deviceId)
    else await devices.rename(requester.userNid, path.deviceId, body.display_name)
    return {}
  },
})

/** @spec client-server-api/#delete_matrixclientv3devicesdeviceid */
export const deleteDevice = endpoint({
  route: 'DELETE /_matrix/client/v3/devices/{deviceId}',
  also: olderPaths('/devices/{deviceId}'),
  auth: 'user',
  body: JsonObject,
  async handle({ path, body, requester }, { deviceRemoval }: { deviceRemoval: DeviceRemoval }) {
    await deviceRemoval.removeOne(requester, path.deviceId, body)
    return {}
  },
})

/** @spec client-server-api/#post_matrixclientv3delete_devices */
export const deleteDevices = endpoint({
  route: 'POST /_matrix/client/v3/delete_devices',
  also: olderPaths('/delete_devices'),
  auth: 'user',
  body: JsonObject,
  async handle({ body, requester }, { deviceRemoval }: { deviceRemoval: DeviceRemoval }) {
    await deviceRemoval.removeSeveral(requester, body)
    return {}
  },
})

function deviceReply({ deviceId, displayName, lastSeenIp, lastSeenTs }: Device) {
  return {
    device_id: deviceId,
    ...(displayName !== undefined && { display_name: displayName }),
    ...(lastSeenIp !== undefined && { last_seen_ip: lastSeenIp }),
    ...(lastSeenTs !== undefined && { last_seen_ts: lastSeenTs }),
  }
}
