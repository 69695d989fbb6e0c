import { expect, test } from 'vitest'
import { acceptedCoding } from './compression.ts'
import { redactedUrl } from './redacted-url.ts'
import { impliedResources, resourcesOfPath } from './resources.ts'

test('acceptedCoding: the heaviest of ours, gzip first among equals', () => {
  expect(acceptedCoding(undefined)).toBeUndefined()
  expect(acceptedCoding('identity')).toBeUndefined()
  expect(acceptedCoding('gzip, deflate, br, zstd')).toBe('gzip')
  expect(acceptedCoding('gzip;q=0.5, br;q=0.8')).toBe('br')
  expect(acceptedCoding('gzip;q=0, *;q=0.1')).toBe('br')
  expect(acceptedCoding('*')).toBe('gzip')
  expect(acceptedCoding('gzip;q=0, br;q=0, deflate;q=x')).toBeUndefined()
})

test('redactedUrl: secrets are left out however their names are spelt', () => {
  expect(redactedUrl('/sync?since=s1&access_token=abc')).toBe('/sync?since=s1&access_token=<redacted>')
  expect(redactedUrl('/x?%61ccess%5Ftoken=abc&loginToken=d&token')).toBe(
    '/x?%61ccess%5Ftoken=<redacted>&loginToken=<redacted>&token=<redacted>',
  )
  expect(redactedUrl('/x?%ff=1')).toBe('/x?%ff=1')
})

test('resources: names imply others, and paths belong to them', () => {
  expect([...impliedResources(['federation'])].sort()).toEqual(['federation', 'keys', 'media', 'openid'])
  expect([...impliedResources(['client'])].sort()).toEqual(['client', 'media', 'static'])
  expect(resourcesOfPath('/_matrix/client/v3/sync')).toEqual(['client'])
  expect(resourcesOfPath('/_synapse/admin/v1/register')).toEqual(['client'])
  expect(resourcesOfPath('/_matrix/key/v2/server')).toEqual(['keys'])
  expect(resourcesOfPath('/_matrix/federation/v1/openid/userinfo')).toEqual(['openid'])
  expect(resourcesOfPath('/.well-known/matrix/support')).toEqual(['client'])
})
