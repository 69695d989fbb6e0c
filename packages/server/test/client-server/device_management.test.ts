import { describe, expect, test } from 'vitest'
import { path, passwordOf, refused, type Refusal, testServer, type User } from '../harness/index.ts'

/** Does what needs proof, with the proof. */
async function withPassword(user: User, method: 'POST' | 'DELETE', url: string, body: object = {}): Promise<unknown> {
  const asked: Refusal = await user.request(method, url, { body: { ...body } }).then(
    () => expect.fail('no proof was asked for'),
    (error) => error,
  )
  expect(asked).toMatchObject({ status: 401, body: { flows: [{ stages: ['m.login.password'] }] } })
  const localpart = user.userId.slice(1).split(':')[0]!
  const auth = {
    type: 'm.login.password',
    session: asked.body['session'],
    identifier: { type: 'm.id.user', user: localpart },
    password: passwordOf(localpart),
  }
  return user.request(method, url, { body: { ...body, auth } })
}

describe('getDevices, getDevice, updateDevice', () => {
  test('devices are listed and named', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const phone = await alice.onAnotherDevice()
    await alice.put(path`/devices/${phone.deviceId}`, { display_name: 'Phone' })
    expect(await alice.get(path`/devices/${phone.deviceId}`)).toMatchObject({
      device_id: phone.deviceId,
      display_name: 'Phone',
    })
    const { devices } = await alice.get<{ devices: { device_id: string }[] }>('/devices')
    expect(devices.map((device) => device.device_id).sort()).toEqual([alice.deviceId, phone.deviceId].sort())
  })

  test('others’ devices are not there', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    await refused(alice.get(path`/devices/${bob.deviceId}`), 'M_NOT_FOUND', 404)
    await refused(alice.put(path`/devices/${bob.deviceId}`, { display_name: 'mine' }), 'M_NOT_FOUND', 404)
    await refused(alice.put(path`/devices/${alice.deviceId}`, { display_name: 7 }), 'M_BAD_JSON', 400)
  })
})

describe('deleteDevice, deleteDevices', () => {
  test('a device is removed, and its token with it, by who proves to own the account', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const phone = await alice.onAnotherDevice()
    await withPassword(alice, 'DELETE', path`/devices/${phone.deviceId}`)
    await refused(phone.get('/account/whoami'), 'M_UNKNOWN_TOKEN', 401)
    await refused(alice.get(path`/devices/${phone.deviceId}`), 'M_NOT_FOUND', 404)
  })

  test('several at once', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const others = [await alice.onAnotherDevice(), await alice.onAnotherDevice()]
    await withPassword(alice, 'POST', '/delete_devices', { devices: others.map(({ deviceId }) => deviceId) })
    for (const other of others) await refused(other.get('/account/whoami'), 'M_UNKNOWN_TOKEN', 401)
    await alice.get('/account/whoami')
  })

  test('another’s password is no proof', async () => {
    const { alice } = await testServer({ users: ['alice', 'bob'] })
    const auth = {
      type: 'm.login.password',
      identifier: { type: 'm.id.user', user: 'bob' },
      password: passwordOf('bob'),
    }
    const answer = await alice.delete(path`/devices/${alice.deviceId}`, { auth }).catch((error: Refusal) => error)
    expect(answer).toMatchObject({ status: expect.toSatisfy((status: number) => status === 401 || status === 403) })
    await alice.get('/account/whoami')
  })
})
