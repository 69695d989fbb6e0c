import { createHash, createPrivateKey, sign } from 'node:crypto'
import {
  canonicalJson,
  contentHash,
  DEFAULT_ROOM_VERSION,
  generateSigningKey,
  type PduDraft,
  parseJsonText,
  parseServerName,
  signEvent,
} from '@magik/protocol'
import { type Contest, inputOf, type Subject, versionOf } from './contest.ts'
import { member, RoomEvents } from './room-events.ts'

const EVENTS = 64
const SERVER = parseServerName('a.example')

/** What becomes of an event before it is sent: its canonical JSON, its hashes, its signature. */
export const eventSigning: Subject = {
  name: 'event-signing',
  about: 'canonical JSON, hash and signature, against sorted copies of the whole event for each of them',
  async contests() {
    const drafts = makeDrafts()
    const key = generateSigningKey()
    const naiveKey = createPrivateKey({ key: pkcs8Of(key.exportSeed()), format: 'der', type: 'pkcs8' })
    const contest = (
      name: string,
      ours: (draft: PduDraft) => unknown,
      naive: (draft: PduDraft) => unknown,
    ): Contest => {
      return {
        name,
        unit: 'events',
        inputs: drafts.length,
        ours: versionOf((input) => ours(inputOf(drafts, input))),
        naive: versionOf((input) => naive(inputOf(drafts, input))),
      }
    }
    return [
      contest('canonical JSON of a new event', (draft) => canonicalJson(draft), naiveCanonicalJson),
      receivedContest(drafts),
      contest('content hash', (draft) => contentHash(draft, DEFAULT_ROOM_VERSION), naiveContentHash),
      contest(
        'hashed and signed event',
        (draft) => {
          const { eventId, pdu } = signEvent(draft, SERVER, key, DEFAULT_ROOM_VERSION)
          return { eventId, hashes: pdu.hashes, signatures: pdu.signatures }
        },
        (draft) => {
          const event: Json = structuredClone(draft)
          event['hashes'] = { sha256: naiveContentHash(event) }
          const signature = base64(sign(null, Buffer.from(naiveCanonicalJson(naiveRedact(event))), naiveKey))
          event['signatures'] = { [SERVER]: { [key.keyId]: signature } }
          const eventId = `$${sha256(naiveCanonicalJson(naiveRedact(event))).toString('base64url')}`
          return { eventId, hashes: event['hashes'], signatures: event['signatures'] }
        },
      ),
    ]
  },
}

/** Servers send events in canonical form, so those that come from others are in order already. */
function receivedContest(drafts: readonly PduDraft[]): Contest {
  const received = drafts.map((draft) => parseJsonText(canonicalJson(draft)))
  return {
    name: 'canonical JSON of a received event',
    unit: 'events',
    inputs: received.length,
    ours: versionOf((input) => canonicalJson(inputOf(received, input))),
    naive: versionOf((input) => naiveCanonicalJson(inputOf(received, input))),
  }
}

/** Messages of different lengths, and a few changes of profiles. */
function makeDrafts(): readonly PduDraft[] {
  const room = new RoomEvents()
  const state = room.found(40)
  return Array.from({ length: EVENTS }, (_, number) => {
    const sender = member(number % 20)
    const body = 'The quick brown fox jumps over the lazy dog. '.repeat(1 + (number % 7))
    const { pdu } =
      number % 8 === 0
        ? room.build(state, {
            type: 'm.room.member',
            sender,
            stateKey: sender,
            content: { membership: 'join', displayname: `Jürgen ${number}`, avatar_url: 'mxc://a.example/avatar' },
          })
        : room.build(state, {
            type: 'm.room.message',
            sender,
            content: { msgtype: 'm.text', body, 'm.mentions': { user_ids: [member(number)] } },
          })
    const { hashes, signatures, ...draft } = pdu
    return draft
  })
}

type Json = { [key: string]: unknown }

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function naiveCanonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  const copy: Json = {}
  for (const key of Object.keys(value).sort()) copy[key] = sorted(value[key])
  return copy
}

function naiveContentHash(event: unknown): string {
  const copy: Json = structuredClone(isObject(event) ? event : {})
  delete copy['hashes']
  delete copy['signatures']
  delete copy['unsigned']
  return base64(sha256(naiveCanonicalJson(copy)))
}

const KEPT_KEYS = [
  'type',
  'room_id',
  'sender',
  'state_key',
  'content',
  'hashes',
  'signatures',
  'depth',
  'prev_events',
  'auth_events',
  'origin_server_ts',
]
const KEPT_CONTENT: Readonly<Record<string, readonly string[]>> = {
  'm.room.member': ['membership', 'join_authorised_via_users_server'],
}

/** The redacted form of the types of events that are made here, without signatures. */
function naiveRedact(event: Json): Json {
  const copy: Json = structuredClone(event)
  for (const key of Object.keys(copy)) if (!KEPT_KEYS.includes(key)) delete copy[key]
  const content = copy['content']
  const kept = KEPT_CONTENT[String(copy['type'])] ?? []
  if (isObject(content)) for (const key of Object.keys(content)) if (!kept.includes(key)) delete content[key]
  delete copy['signatures']
  return copy
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '')
}

/** A private key in the form that node:crypto reads, by RFC 8410. */
function pkcs8Of(seed: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
}
