import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { Client, type Content, passwordOf, refused, SERVER_NAME, testServer, User } from '../harness/index.ts'

// registration, login, logout, refresh, whoami and Synapse's shared-secret registration: a session from beginning to
// end.

const dummy = { type: 'm.login.dummy' }

describe('register, checkUsernameAvailability', () => {
  test('goes through the stages that are asked for', async () => {
    const { anybody } = await testServer()
    const asked = await anybody.post('/register', { username: 'alice', password: 'secret' }).catch((error) => error)
    expect(asked).toMatchObject({
      status: 401,
      body: { flows: [{ stages: ['m.login.dummy'] }], session: expect.any(String) },
    })
    const { session } = asked.body
    const reply = await anybody.post('/register', {
      username: 'alice',
      password: 'secret',
      auth: { ...dummy, session },
    })
    expect(reply).toMatchObject({
      user_id: `@alice:${SERVER_NAME}`,
      access_token: expect.any(String),
      device_id: expect.any(String),
    })
  })

  test('names are free or taken, right or wrong', async () => {
    const { anybody } = await testServer({ users: ['alice'] })
    const available = (username: string) => anybody.get('/register/available', { username })
    expect(await available('bob')).toEqual({ available: true })
    await refused(available('alice'), 'M_USER_IN_USE', 400)
    await refused(available('Bob !'), 'M_INVALID_USERNAME', 400)
    await refused(anybody.get('/register/available'), 'M_MISSING_PARAM', 400)
    await refused(anybody.post('/register', { username: 'alice', password: 'x', auth: dummy }), 'M_USER_IN_USE', 400)
    await refused(anybody.post('/register', { username: 'b@d', password: 'x', auth: dummy }), 'M_INVALID_USERNAME', 400)
    await refused(anybody.post('/register', { username: 'bob', auth: dummy }), 'M_MISSING_PARAM', 400)
    await refused(
      anybody.request('POST', '/register', { query: { kind: 'guest' }, body: {} }),
      'M_GUEST_ACCESS_FORBIDDEN',
      403,
    )
    await refused(anybody.request('POST', '/register', { query: { kind: 'king' }, body: {} }), 'M_INVALID_PARAM', 400)
  })

  test('one name makes one account, however many ask at once', async () => {
    const { anybody } = await testServer()
    const answers = await Promise.allSettled(
      Array.from({ length: 10 }, () => anybody.post('/register', { username: 'alice', password: 'x', auth: dummy })),
    )
    expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    for (const answer of answers) {
      if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ errcode: 'M_USER_IN_USE' })
    }
  })

  test('inhibit_login makes an account without a session; a device may be named', async () => {
    const { anybody } = await testServer()
    const reply = await anybody.post('/register', {
      username: 'alice',
      password: 'x',
      inhibit_login: true,
      auth: dummy,
    })
    expect(reply).not.toHaveProperty('access_token')
    expect(
      await anybody.post('/register', { username: 'bob', password: 'x', device_id: 'PHONE', auth: dummy }),
    ).toMatchObject({ device_id: 'PHONE' })
  })

  test('is closed unless it is opened', async () => {
    const { anybody } = await testServer({
      config: { enable_registration: false, enable_registration_without_verification: false },
    })
    await refused(anybody.post('/register', { username: 'alice', password: 'x', auth: dummy }), 'M_FORBIDDEN', 403)
  })
})

describe('getLoginFlows, login', () => {
  test('the password flow is offered', async () => {
    const { anybody } = await testServer()
    expect((await anybody.get<{ flows: Content[] }>('/login')).flows).toContainEqual({ type: 'm.login.password' })
  })

  test.each([
    ['a localpart', { identifier: { type: 'm.id.user', user: 'alice' } }],
    ['a user ID', { identifier: { type: 'm.id.user', user: `@alice:${SERVER_NAME}` } }],
    ['another case', { identifier: { type: 'm.id.user', user: 'ALICE' } }],
    ['the older spelling', { user: 'alice' }],
  ])('by %s', async (_what, who) => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    const reply = await anybody.post<{ access_token: string; device_id: string }>('/login', {
      type: 'm.login.password',
      password: passwordOf('alice'),
      ...who,
    })
    expect(reply).toMatchObject({ user_id: alice.userId })
    expect(await new Client(anybody.transport, reply.access_token).get('/account/whoami')).toMatchObject({
      user_id: alice.userId,
      device_id: reply.device_id,
    })
  })

  test('wrong passwords, unknown users, unknown ways', async () => {
    const { anybody } = await testServer({ users: ['alice'] })
    const login = (body: Content) => anybody.post('/login', { type: 'm.login.password', ...body })
    const alice = { type: 'm.id.user', user: 'alice' }
    await refused(login({ identifier: alice, password: 'wrong' }), 'M_FORBIDDEN', 403)
    await refused(login({ identifier: { type: 'm.id.user', user: 'nobody' }, password: 'wrong' }), 'M_FORBIDDEN', 403)
    await refused(login({ identifier: { ...alice, user: '@alice:elsewhere.org' }, password: 'x' }), 'M_FORBIDDEN', 403)
    await refused(login({ medium: 'email', address: 'a@example.org', password: 'x' }), 'M_FORBIDDEN', 403)
    await refused(
      login({ identifier: { type: 'm.id.phone', country: 'DE', phone: '1' }, password: 'x' }),
      'M_FORBIDDEN',
    )
    await refused(login({ identifier: alice }), 'M_MISSING_PARAM', 400)
    await refused(login({ password: 'x' }), 'M_MISSING_PARAM', 400)
    await refused(login({ identifier: 'alice', password: 'x' }), 'M_BAD_JSON', 400)
    await refused(login({ identifier: { type: 'm.id.fax' }, password: 'x' }), 'M_UNKNOWN', 400)
    await refused(anybody.post('/login', { type: 'm.login.carrier_pigeon' }), 'M_UNKNOWN', 400)
    await refused(anybody.post('/login', {}), 'M_MISSING_PARAM', 400)
  })

  test('a second login on a device ends the first', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    await anybody.post('/login', {
      type: 'm.login.password',
      user: 'alice',
      password: passwordOf('alice'),
      device_id: alice.deviceId,
    })
    await refused(alice.get('/account/whoami'), 'M_UNKNOWN_TOKEN', 401)
  })
})

describe('logout, logout_all, getTokenOwner', () => {
  test('a token is dead once its device is logged out, others live', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const phone = await alice.onAnotherDevice()
    await alice.post('/logout')
    await refused(alice.get('/account/whoami'), 'M_UNKNOWN_TOKEN', 401)
    await refused(alice.post('/logout'), 'M_UNKNOWN_TOKEN', 401)
    expect(await phone.get('/account/whoami')).toEqual({
      user_id: alice.userId,
      device_id: phone.deviceId,
      is_guest: false,
    })
    const { devices } = await phone.get<{ devices: { device_id: string }[] }>('/devices')
    expect(devices.map((device) => device.device_id)).toEqual([phone.deviceId])
  })

  test('all at once', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const phone = await alice.onAnotherDevice()
    await phone.post('/logout/all')
    await refused(alice.get('/account/whoami'), 'M_UNKNOWN_TOKEN', 401)
    await refused(phone.post('/logout/all'), 'M_UNKNOWN_TOKEN', 401)
  })

  test('a token may also come in the query, and survives a restart', async () => {
    const first = await testServer({ users: ['alice'] })
    const { alice } = first
    const token = alice.accessToken!
    expect(await first.anybody.get('/account/whoami', { access_token: token })).toMatchObject({ user_id: alice.userId })
    await first.stop()
    const second = await testServer({ folder: first.folder })
    expect(await alice.through(second.transport).get('/account/whoami')).toMatchObject({ user_id: alice.userId })
  })
})

describe('refresh', () => {
  async function withRefreshToken() {
    const server = await testServer({ users: ['alice'] })
    const login = await server.anybody.post<{ access_token: string; refresh_token: string; expires_in_ms: number }>(
      '/login',
      { type: 'm.login.password', user: 'alice', password: passwordOf('alice'), refresh_token: true },
    )
    const whoami = (token: string) => new Client(server.transport, token).get('/account/whoami')
    const refresh = (token: string) =>
      server.anybody.post<{ access_token: string; refresh_token: string }>('/refresh', { refresh_token: token })
    return { ...server, login, whoami, refresh }
  }

  test('an access token that has run out is refused softly, and replaced', async () => {
    const { clock, login, whoami, refresh } = await withRefreshToken()
    await whoami(login.access_token)
    await clock.advance(login.expires_in_ms + 1)
    const softly = await refused(whoami(login.access_token), 'M_UNKNOWN_TOKEN', 401)
    expect(softly.body).toMatchObject({ soft_logout: true })
    const next = await refresh(login.refresh_token)
    await whoami(next.access_token)
    await refused(refresh(login.refresh_token), 'M_UNKNOWN_TOKEN', 401)
    await refresh(next.refresh_token)
  })

  test('an answer that got lost can be asked for again', async () => {
    const { login, whoami, refresh } = await withRefreshToken()
    await refresh(login.refresh_token)
    const again = await refresh(login.refresh_token)
    await whoami(again.access_token)
  })

  test('unknown tokens', async () => {
    const { anybody, refresh } = await withRefreshToken()
    await refused(refresh('nonsense'), 'M_UNKNOWN_TOKEN', 401)
    await refused(anybody.post('/refresh', {}), 'M_MISSING_PARAM', 400)
  })
})

describe('adminRegisterNonce, adminRegister', () => {
  const PATH = '/_synapse/admin/v1/register'

  async function macBody(anybody: Client, fields: { admin?: boolean; secret?: string; username?: string } = {}) {
    const { nonce } = await anybody.get<{ nonce: string }>(PATH)
    const { admin = false, secret = 'shared secret', username = 'root' } = fields
    const mac = createHmac('sha1', secret)
      .update([nonce, username, 'password', admin ? 'admin' : 'notadmin'].join('\0'))
      .digest('hex')
    return { nonce, username, password: 'password', admin, mac }
  }

  test('whoever knows the secret makes accounts, even while registration is closed', async () => {
    const { anybody, transport } = await testServer({
      config: { enable_registration: false, enable_registration_without_verification: false },
    })
    const body = await macBody(anybody, { admin: true })
    const credentials = await anybody.post<{ user_id: string; access_token: string; device_id: string }>(PATH, body)
    const root = new User(transport, credentials)
    expect(await root.get('/account/whoami')).toMatchObject({ user_id: `@root:${SERVER_NAME}` })
    // and a nonce is good once
    await refused(anybody.post(PATH, body), 'M_UNKNOWN', 400)
  })

  test('a wrong secret, an old nonce, a taken name, a server without the secret', async () => {
    const { anybody, clock } = await testServer({ users: ['alice'] })
    await refused(anybody.post(PATH, await macBody(anybody, { secret: 'guess' })), 'M_FORBIDDEN', 403)
    await refused(anybody.post(PATH, { ...(await macBody(anybody)), admin: true }), 'M_FORBIDDEN', 403)
    await refused(anybody.post(PATH, await macBody(anybody, { username: 'alice' })), 'M_USER_IN_USE', 400)
    const old = await macBody(anybody)
    await clock.advance(61_000)
    await refused(anybody.post(PATH, old), 'M_UNKNOWN', 400)
    await refused(anybody.post(PATH, {}), 'M_MISSING_PARAM', 400)
    const without = await testServer({ config: { registration_shared_secret: null } })
    await refused(without.anybody.get(PATH), 'M_UNKNOWN', 400)
  })
})
