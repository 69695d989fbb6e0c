import { expect, test } from 'vitest'
import { checkDuplicates, checkRoutes, isEndpointLink, operationAnchors, type Route } from './check-routes.ts'
import { endpointAnchor, isSpecLink, specLinks } from './links.ts'

const path = '/_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}'
const operations = new Map([['room_send', [{ operationId: 'sendMessage', method: 'PUT', path }]]])
const sendMessage: Route = {
  file: 'api/client-server/room_send.ts',
  document: 'room_send',
  name: 'sendMessage',
  method: 'PUT',
  paths: [path],
}

test.each([
  'client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid',
  'server-server-api/#getwell-knownmatrixserver',
  'rooms/v12/#authorisation-rules',
  'rooms/',
  'appendices/#user-identifiers',
])('%s is a link to the specification', (target) => {
  expect(isSpecLink(target)).toBe(true)
})

test.each(['', 'client-server-api#syncing', 'client-server/#syncing', 'rooms/12/#event-ids', 'appendices/#User-IDs'])(
  '%j is none',
  (target) => {
    expect(isSpecLink(target)).toBe(false)
  },
)

test('links are found with their lines, also at the end of a comment', () => {
  expect(specLinks('/**\n * Text. @spec rooms/\n */\n/** @spec appendices/#server-name */')).toEqual([
    { target: 'rooms/', line: 2 },
    { target: 'appendices/#server-name', line: 4 },
  ])
})

test('a link to an endpoint must be one of the specification', () => {
  const anchors = operationAnchors(operations.values())
  expect(isEndpointLink(`client-server-api/#${endpointAnchor('PUT', path)}`, anchors)).toBe(true)
  expect(isEndpointLink('client-server-api/#put_matrixclientv3roomsroomidsnd', anchors)).toBe(false)
  expect(isEndpointLink('client-server-api/#syncing', anchors)).toBeUndefined()
})

test('an endpoint has file, name, method and path of its operation', () => {
  const problemsOf = (change: Partial<Route>) => checkRoutes([{ ...sendMessage, ...change }], operations)
  expect(problemsOf({})).toEqual([])
  expect(problemsOf({ document: 'rooms_send' })).toEqual([expect.stringContaining('no file rooms_send.yaml')])
  expect(problemsOf({ name: 'sendEvent' })).toEqual([expect.stringContaining('sendEvent is no operation')])
  expect(problemsOf({ method: 'POST' })).toEqual([expect.stringContaining('answers POST')])
  expect(problemsOf({ paths: [path.replace('txnId', 'id')] })).toEqual([expect.stringContaining('{id}')])
})

test('two endpoints may not answer the same path, whatever they call its parameters', () => {
  const other: Route = { ...sendMessage, name: 'other', paths: ['/x', path.replace('{roomId}', '{room}')] }
  expect(checkDuplicates([sendMessage, other])).toHaveLength(1)
  expect(checkDuplicates([sendMessage, { ...other, method: 'GET' }])).toEqual([])
})
