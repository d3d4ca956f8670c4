import { CHANNELS } from '@herald/contracts';
import fc from 'fast-check';
import { validate, version } from 'uuid';
import { addressKey, highestId, idBounds, idTime, lowestId, newId, sameMillisecondBounds } from './ids';

const millisecond = fc.integer({ min: 0, max: 2 ** 48 - 1 });
const tenant = '01900000-0000-7000-8000-000000000001';

describe('newId', () => {
  it('is a UUIDv7 that holds its millisecond', () => {
    fc.assert(
      fc.property(millisecond, (ms) => {
        const id = newId(ms);
        expect(validate(id) && version(id)).toBe(7);
        expect(idTime(id)).toBe(ms);
      }),
    );
  });

  it('sorts by time, as text', () => {
    fc.assert(
      fc.property(millisecond, millisecond, (one, other) => {
        fc.pre(one !== other);
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        expect(newId(early) < newId(late)).toBe(true);
      }),
    );
  });

  it('never repeats itself', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newId(1)))).toHaveProperty('size', 10_000);
  });
});

describe('the bounds of ids', () => {
  it('enclose the ids of their millisecond and no others', () => {
    fc.assert(
      fc.property(millisecond, (ms) => {
        const id = newId(ms);
        expect(lowestId(ms) < id && id < highestId(ms)).toBe(true);
        expect([idTime(lowestId(ms)), idTime(highestId(ms))]).toEqual([ms, ms]);
        expect(highestId(ms) < lowestId(ms + 1)).toBe(ms < 2 ** 48 - 1);
      }),
    );
  });

  it('are UUIDs that Postgres takes, also for fractions and times before 1970', () => {
    const shape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
    for (const ms of [-5, 0, 0.5, 1_800_000_000_000.7]) {
      expect(lowestId(ms)).toMatch(shape);
      expect(highestId(ms)).toMatch(shape);
    }
    expect(lowestId(-5)).toBe(lowestId(0));
    expect(idTime(lowestId(1_800_000_000_000.7))).toBe(1_800_000_000_000);
  });

  it('are the lowest and the highest of the given ones', () => {
    fc.assert(
      fc.property(fc.array(millisecond, { minLength: 1, maxLength: 60 }), (times) => {
        const ids = times.map(newId);
        const sorted = [...ids].sort();
        expect(idBounds(ids)).toEqual({ low: sorted[0], high: sorted.at(-1) });
      }),
    );
  });

  it('widen to whole milliseconds', () => {
    fc.assert(
      fc.property(fc.array(millisecond, { minLength: 1, maxLength: 20 }), (times) => {
        const { low, high } = sameMillisecondBounds(times.map(newId));
        expect([low, high]).toEqual([lowestId(Math.min(...times)), highestId(Math.max(...times))]);
        for (const ms of times) {
          const other = newId(ms);
          expect(low <= other && other <= high).toBe(true);
        }
      }),
    );
  });
});

describe('addressKey', () => {
  it('is 16 bytes as hex', () => {
    fc.assert(
      fc.property(fc.constantFrom(...CHANNELS), fc.string(), (channel, address) => {
        expect(addressKey(tenant, channel, address)).toMatch(/^[0-9a-f]{32}$/);
      }),
    );
  });

  it('sees one address behind spaces, and in e-mail behind upper case', () => {
    const email = addressKey(tenant, 'email', 'ada@example.com');
    expect(addressKey(tenant, 'email', ' Ada@EXAMPLE.com ')).toBe(email);
    expect(addressKey(tenant, 'sms', ' +4915112345678')).toBe(addressKey(tenant, 'sms', '+4915112345678'));
    const path = (text: string) => addressKey(tenant, 'webhook', `https://example.com/${text}`);
    expect(path('Hook')).not.toBe(path('hook'));
  });

  it('differs by tenant, by channel and by address', () => {
    const keys = ['a', 'b'].flatMap((owner) =>
      CHANNELS.flatMap((channel) => ['x', 'y'].map((address) => addressKey(owner, channel, address))),
    );
    expect(new Set(keys).size).toBe(4 * CHANNELS.length);
  });
});
