import fc from 'fast-check';
import { isForbiddenAddress } from './forbidden-address';

const FORBIDDEN = [
  ...[
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '10.255.255.255',
    '100.64.0.1',
    '100.127.255.255',
    '127.0.0.1',
    '127.9.9.9',
  ],
  ...[
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.1',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
  ],
  ...[
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
  ],
  ...[
    '::',
    '::1',
    '::7f00:1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '::ffff:0:7f00:1',
    'fe80::1',
  ],
  ...[
    'fe80::1%eth0',
    'fc00::1',
    'fd00::1',
    'fdff:ffff::1',
    'fec0::1',
    'ff02::1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
  ],
  ...[
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:2::1',
    '2001:db8::1',
    '2001:10::1',
    '2002:7f00:1::',
    '2002:808:808::',
  ],
  ...['3fff::1', '5f00::1', '4000::1', 'e000::1'],
];
const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '100.63.255.255',
  '100.128.0.0',
  '172.15.0.1',
  '172.32.0.1',
];
const PUBLIC_V6 = [
  '2606:4700:4700::1111',
  '2a00:1450:4001:80e::200e',
  '2001:4860:4860::8888',
  '2400:cb00::1',
];

describe('isForbiddenAddress', () => {
  it.each(FORBIDDEN)('refuses %s', (address) => expect(isForbiddenAddress(address)).toBe(true));
  it.each([...PUBLIC, ...PUBLIC_V6])('lets %s pass', (address) =>
    expect(isForbiddenAddress(address)).toBe(false),
  );
  it.each([
    '',
    'localhost',
    '127.1',
    '0177.0.0.1',
    '2130706433',
    '0x7f000001',
    '1.2.3',
    '1.2.3.4.5',
    '8.8.8.8 ',
  ])('refuses %j, which is no address in its usual form', (text) =>
    expect(isForbiddenAddress(text)).toBe(true),
  );

  it('refuses every IPv6 form that carries an IPv4 address, public or not', () => {
    fc.assert(
      fc.property(fc.ipV4(), (v4) => {
        const hex = v4.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
        const [high, low] = [hex.slice(0, 2).join(''), hex.slice(2).join('')];
        for (const form of [
          `::ffff:${v4}`,
          `::${v4}`,
          `64:ff9b::${v4}`,
          `2002:${high}:${low}::1`,
          `2001:0:${high}:${low}::`,
        ]) {
          expect([form, isForbiddenAddress(form)]).toEqual([form, true]);
        }
      }),
    );
  });

  it('refuses everything in the private blocks and nothing that is not in a listed block', () => {
    const octet = fc.integer({ min: 0, max: 255 });
    fc.assert(
      fc.property(octet, octet, octet, octet, (a, b, c, d) => {
        const special =
          a === 0 ||
          a === 10 ||
          a === 127 ||
          a >= 224 ||
          (a === 100 && b >= 64 && b < 128) ||
          (a === 169 && b === 254) ||
          (a === 172 && b >= 16 && b < 32) ||
          (a === 192 && b === 168);
        if (special) expect(isForbiddenAddress([a, b, c, d].join('.'))).toBe(true);
        else if (a !== 192 && a !== 198 && a !== 203)
          expect(isForbiddenAddress([a, b, c, d].join('.'))).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});
