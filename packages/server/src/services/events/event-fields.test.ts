import { expect, test } from 'vitest'
import { pickFields } from './event-fields.ts'

const event = {
  type: 'm.room.message',
  sender: '@alice:example.org',
  content: { body: 'hello', msgtype: 'm.text', 'm.relates_to': { rel_type: 'm.thread' } },
}

test.each([
  [['type'], { type: 'm.room.message' }],
  [['type', 'content.body'], { type: 'm.room.message', content: { body: 'hello' } }],
  [['content.body', 'content.msgtype'], { content: { body: 'hello', msgtype: 'm.text' } }],
  [[String.raw`content.m\.relates_to.rel_type`], { content: { 'm.relates_to': { rel_type: 'm.thread' } } }],
  [['content', 'content.body'], { content: event.content }],
  [['nothing', 'content.nothing', 'type.deeper', '__proto__'], {}],
])('pickFields: %j', (paths, picked) => {
  expect(pickFields(event, paths)).toEqual(picked)
})
