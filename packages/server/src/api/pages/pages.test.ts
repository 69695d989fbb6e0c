import { describe, expect, test } from 'vitest'
import { configFromObject } from '../../platform/config/index.ts'
import { html } from './html.ts'
import { landingPage, landingPagePolicy } from './landing-page.ts'
import { requestOrigin } from './request-origin.ts'
import { clientWellKnown, serverWellKnown, supportWellKnown } from './well-known.ts'

const BASE_URL = 'https://matrix.example.com/'

describe('landing page', () => {
  test('without any configuration it names the server, the base URL and a way to an app', () => {
    const page = landingPage({ config: configFromObject({ server_name: 'example.com' }), baseUrl: BASE_URL })
    expect(page).toContain('<h1>example.com</h1>')
    expect(page).toContain(`<code>${BASE_URL}</code>`)
    expect(page).toContain('href="https://app.element.io/"')
    expect(page).not.toContain('<img')
    expect(page).not.toContain('<nav')
  })

  test('title, text, logo and links come from the configuration, escaped', () => {
    // given text of an administrator that looks like HTML
    const config = configFromObject({
      server_name: 'example.com',
      landing_page: {
        title: 'Chat <at> Example & Co',
        text: 'First.\n\nSecond <b>one</b>.',
        logo: 'https://example.com/logo.svg?a=1&b="2"',
        links: [{ title: '<Rules>', url: 'https://example.com/rules' }],
      },
    })
    // when the page is made
    const page = landingPage({ config, baseUrl: BASE_URL })
    // then it is text there
    expect(page).toContain('<h1>Chat &lt;at&gt; Example &amp; Co</h1>')
    expect(page).toContain('<p>First.</p>')
    expect(page).toContain('<p>Second &lt;b&gt;one&lt;/b&gt;.</p>')
    expect(page).toContain('src="https://example.com/logo.svg?a=1&amp;b=&quot;2&quot;"')
    expect(page).toContain('<a href="https://example.com/rules">&lt;Rules&gt;</a>')
  })

  test('its policy allows no script, and no style but its own', () => {
    expect(landingPagePolicy()).toMatch(/^default-src 'none'; style-src 'sha256-[A-Za-z0-9+/]{43}='/)
  })

  test('a template escapes text and keeps HTML', () => {
    expect(html`<p title="${`"'`}">${html`<b>${'<'}</b>`}${null}</p>`.source).toBe(
      '<p title="&quot;&#39;"><b>&lt;</b></p>',
    )
  })
})

describe('origin of a request', () => {
  const direct = { forwardedProtocol: undefined, isEncrypted: false }

  test('is the host it was sent to', () => {
    expect(requestOrigin({ ...direct, host: 'localhost:8008' })).toBe('http://localhost:8008/')
    expect(requestOrigin({ ...direct, host: '[::1]:8008' })).toBe('http://[::1]:8008/')
    expect(requestOrigin({ ...direct, host: 'example.com', isEncrypted: true })).toBe('https://example.com/')
    expect(requestOrigin({ ...direct, host: 'example.com', forwardedProtocol: 'https' })).toBe('https://example.com/')
  })

  test('is unknown if the host is none', () => {
    for (const host of [undefined, '', 'a b', 'example.com/"><script>', 'example.com:99999']) {
      expect(requestOrigin({ ...direct, host })).toBeUndefined()
    }
  })
})

describe('well-known documents', () => {
  test('client: only with public_baseurl, with the extra keys', () => {
    expect(clientWellKnown(configFromObject({ server_name: 'example.com' }))).toBeUndefined()
    const config = configFromObject({
      server_name: 'example.com',
      public_baseurl: 'https://matrix.example.com',
      extra_well_known_client_content: { 'org.example': { a: [1, null] } },
    })
    expect(clientWellKnown(config)).toEqual({
      'm.homeserver': { base_url: 'https://matrix.example.com/' },
      'org.example': { a: [1, null] },
    })
  })

  test.each([
    ['example.com', 'example.com:443'],
    ['example.com:8448', 'example.com:8448'],
    ['[2001:db8::1]', '[2001:db8::1]:443'],
    ['[2001:db8::1]:8448', '[2001:db8::1]:8448'],
  ])('server: %s is reached at %s', (server_name, expected) => {
    const config = configFromObject({ server_name, serve_server_wellknown: true })
    expect(serverWellKnown(config)).toEqual({ 'm.server': expected })
    expect(serverWellKnown(configFromObject({ server_name }))).toBeUndefined()
  })

  test('support: contacts and page, without what is not set', () => {
    expect(supportWellKnown(configFromObject({ server_name: 'example.com' }))).toBeUndefined()
    const config = configFromObject({
      server_name: 'example.com',
      well_known_support: { contacts: [{ email_address: 'a@example.com' }], support_page: 'https://example.com/help' },
    })
    expect(supportWellKnown(config)).toEqual({
      contacts: [{ role: 'm.role.admin', email_address: 'a@example.com' }],
      support_page: 'https://example.com/help',
    })
  })
})
