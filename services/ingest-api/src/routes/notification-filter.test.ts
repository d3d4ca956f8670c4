import { addressKey } from '@herald/domain';
import { ProblemError } from '@herald/platform';
import { notificationFilter, writeCursor } from './notification-filter';

const TENANT = '01900000-0000-7000-8000-000000000001';
const ID = '01900000-0000-7000-8000-0000000000ff';
const key = (channel: string, address: string) => addressKey(TENANT, channel, address);

describe('notificationFilter', () => {
  it('asks for 50 of everything when nothing is said', () => {
    expect(notificationFilter({}, TENANT)).toEqual({ limit: 50 });
  });

  it('reads times, the cursor and the limit', () => {
    const query = {
      from: '2030-01-01T00:00:00+01:00',
      to: '2030-01-02T00:00:00Z',
      limit: 7,
      cursor: writeCursor(ID),
    };
    expect(notificationFilter(query, TENANT)).toEqual({
      from: Date.parse('2029-12-31T23:00:00Z'),
      to: Date.parse('2030-01-02T00:00:00Z'),
      limit: 7,
      cursor: ID,
    });
  });

  it('looks for a recipient on every channel, or on the one that is asked for', () => {
    expect(notificationFilter({ recipient: 'Ada@Example.com' }, TENANT).addressKeys).toEqual([
      key('email', 'ada@example.com'),
      key('sms', 'Ada@Example.com'),
      key('inapp', 'Ada@Example.com'),
      key('webhook', 'Ada@Example.com'),
    ]);
    expect(notificationFilter({ recipient: 'x', channel: 'sms' }, TENANT).addressKeys).toEqual([
      key('sms', 'x'),
    ]);
  });

  it.each(['push', 'webpush'] as const)('says that %s has no one recipient to look for', (channel) => {
    expect(() => notificationFilter({ recipient: 'x', channel }, TENANT)).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/query/recipient' })] }),
    );
  });

  it('takes the space of an unescaped plus for a plus', () => {
    const wanted = [key('sms', '+4915112345678')];
    for (const recipient of ['+4915112345678', ' 4915112345678']) {
      expect(notificationFilter({ recipient, channel: 'sms' }, TENANT).addressKeys).toEqual(wanted);
    }
  });

  it.each(['', 'x', ID, Buffer.from('no id').toString('base64url')])('refuses the cursor %j', (cursor) => {
    const read = () => notificationFilter({ cursor }, TENANT);
    expect(read).toThrow(ProblemError);
    expect(read).toThrow(
      expect.objectContaining({ errors: [expect.objectContaining({ pointer: '/query/cursor' })] }),
    );
  });
});
