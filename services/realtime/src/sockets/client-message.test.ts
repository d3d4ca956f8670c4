import { parseClientMessage } from './client-message';

const ID = '0190b0a0-0000-7000-8000-000000000001';

it.each([
  [{ type: 'hello', token: 't' }],
  [{ type: 'hello', token: 't', cursor: '12' }],
  [{ type: 'ack', cursor: '0' }],
  [{ type: 'mark', ids: [ID], as: 'read' }],
  [{ type: 'mark', all: true, category: 'orders', upTo: '15', as: 'archived', ref: '1' }],
  [{ type: 'token', token: 't' }],
])('reads %j', (message) => {
  expect(parseClientMessage(JSON.stringify(message))).toEqual({ ok: true, message });
});

it.each([
  ['', 'A message must be a JSON object.'],
  ['null', 'A message must be a JSON object.'],
  ['[]', 'A message must be a JSON object.'],
  ['{}', '/type: must be one of hello, ack, mark, token'],
  ['{"type":"constructor"}', '/type: must be one of hello, ack, mark, token'],
  ['{"type":["hello"]}', '/type: must be one of hello, ack, mark, token'],
  ['{"type":"hello"}', '/token: is required'],
  ['{"type":"hello","token":"t","cursor":12}', '/cursor: must be a cursor of this feed, such as "12"'],
  ['{"type":"ack","cursor":"-1"}', '/cursor: must be a cursor of this feed, such as "12"'],
  ['{"type":"ack","cursor":"1234567890123456"}', '/cursor: must be a cursor of this feed, such as "12"'],
  ['{"type":"ack","cursor":"1","more":1}', '/more: is not a known field'],
  ['{"type":"ack","cursor":"1","__proto__":1}', expect.stringContaining('__proto__')],
  ['{"type":"mark","ids":[],"as":"read"}', expect.stringContaining('/ids: ')],
  ['{"type":"mark","ids":["x"],"as":"read"}', expect.stringContaining('/ids: ')],
  ['{"type":"mark","all":false,"as":"read"}', expect.stringContaining('/all: ')],
  ['{"type":"mark","all":true,"as":"gone"}', expect.stringContaining('/as: ')],
  ['{"type":"mark","all":true,"as":"read","ref":"\\u0000"}', expect.stringContaining('/ref: ')],
])('refuses %s', (text, detail) => {
  expect(parseClientMessage(text)).toEqual({ ok: false, detail });
});

it('tells no more of a bad message than fits into an answer', () => {
  const many = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`${'x'.repeat(200)}${n}`, 1]));
  const parsed = parseClientMessage(JSON.stringify({ type: 'ack', cursor: '1', ...many }));
  expect(parsed).toMatchObject({ ok: false });
  expect(JSON.stringify(parsed).length).toBeLessThan(500);
});
