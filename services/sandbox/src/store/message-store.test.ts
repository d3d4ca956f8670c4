import fc from 'fast-check';
import type { ReceivedMessage } from './message';
import { MessageStore } from './message-store';

function message(bytes = 1): ReceivedMessage {
  const fields = { channel: 'sms', to: '+1', from: '+2', subject: null, text: '', html: null } as const;
  const brief = { channel: 'sms', to: '+1', from: '+2', subject: null, preview: '', status: null } as const;
  return {
    channel: 'sms',
    to: '+1',
    bytes,
    isTo: () => true,
    brief: () => brief,
    fields: () => fields,
    whole: () => fields,
  };
}

const ids = (store: MessageStore) => [...store.newestFirst()].map(({ id }) => id);

describe('MessageStore', () => {
  it('keeps the newest, however many come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 0, max: 60 }), (maxMessages, count) => {
        const store = new MessageStore({ maxMessages, maxBytes: 1e9 });
        const added = Array.from({ length: count }, () => store.add(message()).id);
        const expected = added.slice(-maxMessages).reverse();
        expect(ids(store)).toEqual(expected);
        expect(store.size).toBe(expected.length);
        expect(store.counts().sms).toBe(expected.length);
        expect(added.filter((id) => store.get(id)).length).toBe(expected.length);
      }),
    );
  });

  it('keeps to its budget of bytes, but always the newest message', () => {
    const store = new MessageStore({ maxMessages: 100, maxBytes: 10 });
    store.add(message(6));
    const second = store.add(message(4));
    const third = store.add(message(3));
    expect(ids(store)).toEqual([third.id, second.id]);
    const huge = store.add(message(1000));
    expect(ids(store)).toEqual([huge.id]);
  });

  it('forgets everything on request, and starts over', () => {
    const store = new MessageStore({ maxMessages: 10, maxBytes: 100 });
    const before = store.add(message(100));
    store.clear();
    expect(ids(store)).toEqual([]);
    expect(store.get(before.id)).toBeUndefined();
    const after = store.add(message(100));
    expect(ids(store)).toEqual([after.id]);
    expect(after.id).not.toBe(before.id);
  });

  it('tells of changes until it is asked to stop', () => {
    const store = new MessageStore({ maxMessages: 10, maxBytes: 100 });
    let told = 0;
    const stop = store.onChange(() => {
      told += 1;
    });
    store.add(message());
    store.clear();
    stop();
    store.add(message());
    expect(told).toBe(2);
  });
});
