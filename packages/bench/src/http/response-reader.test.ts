import { expect, test } from 'vitest'
import { HttpProtocolError, type HttpResponse, ResponseReader } from './response-reader.ts'

const WITH_LENGTH = 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{"a":1}'
const CHUNKED = 'HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4;x=y\r\n":1}\r\n0\r\n\r\n'

function feedInPieces(reader: ResponseReader, text: string, size: number): readonly HttpResponse[] {
  const bytes = Buffer.from(text)
  const responses: HttpResponse[] = []
  for (let start = 0; start < bytes.length; start += size) {
    const response = reader.feed(bytes.subarray(start, start + size))
    if (response !== undefined) responses.push(response)
  }
  return responses
}

test.each([
  ['a length', WITH_LENGTH, 200],
  ['chunks', CHUNKED, 404],
  ['chunks and a trailer', `${CHUNKED.slice(0, -2)}X-Sum: 1\r\n\r\n`, 404],
])('ResponseReader: a body with %s is the same however the bytes are cut', (_, text, status) => {
  for (let size = 1; size <= text.length; size++) {
    // given a reader that serves two exchanges of one connection
    const reader = new ResponseReader()
    for (const responses of [feedInPieces(reader, text, size), feedInPieces(reader, text, size)]) {
      // then each gives one whole response
      expect(responses.map((each) => [each.status, each.body.toString(), each.reusable])).toEqual([
        [status, '{"a":1}', true],
      ])
    }
  }
})

test('ResponseReader: an interim response is passed over', () => {
  const [response] = feedInPieces(new ResponseReader(), `HTTP/1.1 100 Continue\r\n\r\n${WITH_LENGTH}`, 1_000)
  expect(response?.status).toBe(200)
})

test('ResponseReader: a body without length ends with the connection, which is then of no more use', () => {
  const reader = new ResponseReader()
  expect(feedInPieces(reader, 'HTTP/1.1 200 OK\r\n\r\n{"a":1}', 5)).toEqual([])
  expect(reader.end()).toEqual({ status: 200, body: Buffer.from('{"a":1}'), reusable: false })
})

test('ResponseReader: an announced end of the connection is told', () => {
  const [response] = feedInPieces(
    new ResponseReader(),
    WITH_LENGTH.replace('Content-Type: application/json', 'Connection: close'),
    9,
  )
  expect(response?.reusable).toBe(false)
})

test.each(['SSH-2.0-x\r\n\r\n\r\n', `${WITH_LENGTH}x`, CHUNKED.replace('3\r\n', 'zz\r\n')])(
  'ResponseReader: refuses what is no response: %j',
  (text) => {
    expect(() => new ResponseReader().feed(Buffer.from(text))).toThrow(HttpProtocolError)
  },
)
