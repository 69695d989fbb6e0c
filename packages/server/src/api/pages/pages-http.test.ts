import { expect, test } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import { configFromObject } from '../../platform/config/index.ts'
import { HttpServer } from '../../platform/http/http-server.ts'
import { registerEndpoints } from '../../platform/http/register-endpoints.ts'
import { silentLogger } from '../../platform/log/logger.ts'
import type { ClientRequesters } from '../endpoint.ts'
import * as pages from './pages.ts'

/** The pages alone, under a configuration. */
async function pageServer(options: Record<string, unknown> = {}) {
  const server = new HttpServer({ clock: new ManualClock(), logger: silentLogger() })
  const refuse = () => {
    throw new Error('no page asks who one is')
  }
  registerEndpoints<pages.PagesDeps, ClientRequesters>(
    server,
    pages,
    { config: configFromObject({ server_name: 'example.com', ...options }) },
    {
      authenticators: {
        none: { authenticate: () => undefined },
        optional: { authenticate: refuse },
        user: { authenticate: refuse },
        guest: { authenticate: refuse },
        evenLocked: { authenticate: refuse },
        admin: { authenticate: refuse },
      },
    },
  )
  await server.ready()
  return (url: string, headers: Record<string, string> = {}) => server.app.inject({ url, headers })
}

test('/ leads to the landing page, or to the web client', async () => {
  const get = await pageServer()
  expect(await get('/')).toMatchObject({ statusCode: 302, headers: { location: '/_matrix/static/' } })
  const getElsewhere = await pageServer({ web_client_location: 'https://chat.example.com/' })
  expect((await getElsewhere('/')).headers['location']).toBe('https://chat.example.com/')
})

test('the landing page is HTML without scripts, and names the URL that was used', async () => {
  const get = await pageServer()
  for (const path of ['/_matrix/static/', '/_matrix/static']) {
    const page = await get(path, { host: 'localhost:8008' })
    expect(page.statusCode).toBe(200)
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(page.headers['content-security-policy']).toContain("default-src 'none'")
    expect(page.body).toContain('<code>http://localhost:8008/</code>')
  }
})

test('a header that is no host does not get onto the page', async () => {
  const page = await (await pageServer())('/_matrix/static/', { host: '"><b>' })
  expect(page.body).toContain('<code>https://example.com/</code>')
})

test('public_baseurl wins over the URL that was used', async () => {
  const get = await pageServer({ public_baseurl: 'https://matrix.example.com' })
  const page = await get('/_matrix/static/', { host: 'localhost:8008' })
  expect(page.body).toContain('<code>https://matrix.example.com/</code>')
})

test('well-known documents are JSON for every origin, or M_NOT_FOUND', async () => {
  const paths = ['client', 'server', 'support'].map((name) => `/.well-known/matrix/${name}`)
  const bare = await pageServer()
  for (const path of paths) {
    const answer = await bare(path)
    expect(answer.statusCode).toBe(404)
    expect(answer.json()).toMatchObject({ errcode: 'M_NOT_FOUND' })
    expect(answer.headers['access-control-allow-origin']).toBe('*')
  }
  const full = await pageServer({
    public_baseurl: 'https://matrix.example.com',
    serve_server_wellknown: true,
    well_known_support: { support_page: 'https://example.com/help' },
  })
  const bodies = await Promise.all(paths.map(async (path) => (await full(path)).json()))
  expect(bodies).toEqual([
    { 'm.homeserver': { base_url: 'https://matrix.example.com/' } },
    { 'm.server': 'example.com:443' },
    { support_page: 'https://example.com/help' },
  ])
})
