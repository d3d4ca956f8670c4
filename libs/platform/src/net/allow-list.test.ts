import { parseAllowList } from './allow-list';

describe('parseAllowList', () => {
  it('knows hosts, ports, addresses and ranges', () => {
    const list = parseAllowList([
      'Hooks.Internal',
      'localhost:8025',
      '[::1]:8025',
      '10.1.2.3',
      'fd00::/8',
      '192.168.0.0/16',
    ]);
    expect(list.hasHost('hooks.internal.', 443)).toBe(true);
    expect(list.hasHost('x.hooks.internal', 443)).toBe(false);
    expect(list.hasHost('localhost', 8025)).toBe(true);
    expect(list.hasHost('localhost', 8026)).toBe(false);
    expect(list.hasHost('::1', 8025)).toBe(true);
    expect(['10.1.2.3', 'fd12::1', '192.168.7.7'].map((a) => list.hasAddress(a))).toEqual([true, true, true]);
    expect(['10.1.2.4', 'fe80::1', '::ffff:10.1.2.3', 'x'].map((a) => list.hasAddress(a))).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it.each(['', 'http://x', 'a b', 'host:99999', '10.0.0.0/33', '*.example.com', 'host:'])(
    'refuses %j',
    (entry) => {
      expect(() => parseAllowList([entry])).toThrow('is neither a host');
    },
  );
});
