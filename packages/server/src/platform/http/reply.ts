import type { Readable } from 'node:stream'
import type { JsonMembers } from '@magik/protocol'
import { stringifyJson } from '@magik/protocol'

/** Content type of every JSON answer; JSON is always UTF-8, so no charset is needed. */
export const JSON_CONTENT_TYPE = 'application/json'

/** Status and headers of a reply, where they are not the usual ones. */
export interface ReplyHead {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
}

/** What a `RawReply` is made of. */
export interface RawReplyOptions extends ReplyHead {
  readonly body: string | Uint8Array | Readable
  readonly contentType: string
}

/** A reply that is sent as it is: prebuilt JSON, a page, a file. */
export class RawReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | Readable
  readonly contentType: string

  constructor(options: RawReplyOptions) {
    this.status = options.status ?? 200
    this.headers = options.headers ?? {}
    this.body = options.body
    this.contentType = options.contentType
  }
}

/** A reply whose JSON text is there already, as `/sync` builds it. */
export function jsonText(text: string | Uint8Array, head: ReplyHead = {}): RawReply {
  return new RawReply({ ...head, body: text, contentType: JSON_CONTENT_TYPE })
}

/** JSON with another status than 200, such as the 401 of user-interactive authentication. */
export function jsonReply(value: JsonMembers, head: ReplyHead): RawReply {
  return jsonText(stringifyJson(value), head)
}

/** A redirection. */
export function redirect(location: string, status: 302 | 303 | 307 | 308 = 302): RawReply {
  return new RawReply({ status, headers: { Location: location }, body: '', contentType: 'text/plain' })
}

/** What a handler gave back, ready to be sent. Numbers whose literals were kept write themselves. */
export function rendered(value: object): RawReply {
  return value instanceof RawReply ? value : jsonText(JSON.stringify(value))
}
