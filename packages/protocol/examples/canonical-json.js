// JSON that every server must hash and sign to the same bytes.
import assert from 'node:assert/strict'
import { CanonicalJsonError, canonicalJson, JsonError, parseJsonText } from '@magik/protocol'

// Keys are in order of their code points, nothing is escaped that need not be, no space is left.
assert.equal(canonicalJson({ b: '\u{1f600}', a: [1, null, true] }), '{"a":[1,null,true],"b":"😀"}')

// Room versions 1 to 5 hash numbers in the spelling they were sent in; JSON.parse would lose it.
const old = parseJsonText('{"depth": 9223372036854775807, "lat": 1.50}')
assert.equal(canonicalJson(old, { lossless: true }), '{"depth":9223372036854775807,"lat":1.50}')
// Later ones allow integers up to 2^53 - 1 only.
assert.throws(() => canonicalJson(old), CanonicalJsonError)

// Text that two parsers could read differently is refused.
assert.throws(() => parseJsonText('{"admin": false, "admin": true}'), JsonError)

console.log('canonical')
