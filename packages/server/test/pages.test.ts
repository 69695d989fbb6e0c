import { describe, expect, test } from 'vitest'
import { refused, SERVER_NAME, testServer } from './harness/index.ts'

describe('getRoot, getLandingPage, health', () => {
  test('a browser is welcome', async () => {
    const { transport } = await testServer()
    const root = await transport({ method: 'GET', url: '/' })
    expect(root).toMatchObject({ status: 302, headers: { location: '/_matrix/static/' } })
    const page = await transport({ method: 'GET', url: '/_matrix/static/' })
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(page.body).toContain('<h1')
  })

  test('a load balancer learns that the server is up', async () => {
    const { transport } = await testServer()
    expect(await transport({ method: 'GET', url: '/health' })).toMatchObject({ status: 200, body: 'OK' })
  })

  test('other methods are refused', async () => {
    const { anybody } = await testServer()
    await refused(anybody.post('/_matrix/static/'), 'M_UNRECOGNIZED', 405)
  })
})

describe('getWellknown, getServerWellknown, getWellknownSupport', () => {
  test('say what is configured', async () => {
    const { anybody } = await testServer({
      config: {
        public_baseurl: 'https://matrix.example.org/',
        serve_server_wellknown: true,
        well_known_support: { support_page: 'https://example.org/help' },
      },
    })
    expect(await anybody.get('/.well-known/matrix/client')).toEqual({
      'm.homeserver': { base_url: 'https://matrix.example.org/' },
    })
    expect(await anybody.get('/.well-known/matrix/server')).toEqual({ 'm.server': `${SERVER_NAME}:443` })
    expect(await anybody.get('/.well-known/matrix/support')).toEqual({ support_page: 'https://example.org/help' })
  })

  test('say nothing where nothing is configured', async () => {
    const { anybody } = await testServer()
    for (const name of ['client', 'server', 'support']) {
      await refused(anybody.get(`/.well-known/matrix/${name}`), 'M_NOT_FOUND', 404)
    }
  })
})
