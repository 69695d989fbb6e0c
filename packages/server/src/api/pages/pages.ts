import { TLSSocket } from 'node:tls'
import { type JsonObject, MatrixError } from '@magik/protocol'
import { type Config, clientBaseUrl } from '../../platform/config/index.ts'
import { endpoint } from '../endpoint.ts'
import type { HttpRequest } from '../../platform/http/http-request.ts'
import { RawReply, redirect } from '../../platform/http/reply.ts'
import { landingPage, landingPagePolicy } from './landing-page.ts'
import { requestOrigin } from './request-origin.ts'
import { clientWellKnown, serverWellKnown, supportWellKnown } from './well-known.ts'

/** What pages depend on. */
export interface PagesDeps {
  readonly config: Config
}

/** Sends a browser to the web client, else to the landing page. */
export const getRoot = endpoint({
  route: 'GET /',
  auth: 'none',
  handle: (_call, { config }: PagesDeps) => redirect(config.web_client_location ?? '/_matrix/static/'),
})

/** The landing page. */
export const getLandingPage = endpoint({
  route: 'GET /_matrix/static/',
  also: ['/_matrix/static'],
  auth: 'none',
  resources: ['static'],
  handle({ request }, { config }: PagesDeps) {
    // A fresh server knows no URL of its own; the one the browser has just used certainly works.
    const baseUrl = config.public_baseurl ?? requestOrigin(addressOf(request)) ?? clientBaseUrl(config)
    return new RawReply({
      body: landingPage({ config, baseUrl }),
      contentType: 'text/html; charset=utf-8',
      headers: {
        'Content-Security-Policy': landingPagePolicy(),
        'X-Content-Type-Options': 'nosniff',
        'Referrer-Policy': 'no-referrer',
        // It may name the host of the request, which is not the same for everybody.
        'Cache-Control': 'private, no-cache',
      },
    })
  },
})

/** @spec client-server-api/#getwell-knownmatrixclient */
export const getWellknown = endpoint({
  route: 'GET /.well-known/matrix/client',
  auth: 'none',
  handle: (_call, { config }: PagesDeps) => found(clientWellKnown(config)),
})

/** @spec server-server-api/#getwell-knownmatrixserver */
export const getServerWellknown = endpoint({
  route: 'GET /.well-known/matrix/server',
  auth: 'none',
  handle: (_call, { config }: PagesDeps) => found(serverWellKnown(config)),
})

/** @spec client-server-api/#getwell-knownmatrixsupport */
export const getWellknownSupport = endpoint({
  route: 'GET /.well-known/matrix/support',
  auth: 'none',
  handle: (_call, { config }: PagesDeps) => found(supportWellKnown(config)),
})

function found(body: JsonObject | undefined): JsonObject {
  if (body === undefined) throw new MatrixError('M_NOT_FOUND', 'Nothing is configured here')
  return body
}

function addressOf({ headers, listener, raw }: HttpRequest) {
  const forwarded = listener.forwarded ? headers['x-forwarded-proto'] : undefined
  return {
    host: headers.host,
    forwardedProtocol: Array.isArray(forwarded) ? forwarded.at(-1) : forwarded,
    isEncrypted: raw.socket instanceof TLSSocket,
  }
}
