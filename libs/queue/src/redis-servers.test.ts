import { redisAddresses } from './redis-servers';

describe('redisAddresses', () => {
  it('reads user, password, database and TLS from the first', () => {
    const url = 'rediss://her%40ld:p%2Css@one:7000/2,rediss://two:7001';
    const shared = { username: 'her@ld', password: 'p,ss', db: 2, tls: {} };
    expect(redisAddresses({ url })).toEqual([
      { host: 'one', port: 7000, ...shared },
      { host: 'two', port: 7001, ...shared },
    ]);
  });

  it('a comma in a password is no second URL', () => {
    expect(redisAddresses({ url: 'redis://:a,b@one, redis://two' })).toEqual([
      { host: 'one', port: 6379, password: 'a,b' },
      { host: 'two', port: 6379, password: 'a,b' },
    ]);
  });

  it('knows the ports of each mode, and that a cluster has one database', () => {
    const url = 'redis://one/0,redis://[fd00::1]';
    expect(redisAddresses({ url, mode: 'sentinel' }).map(({ host, port, db }) => [host, port, db])).toEqual([
      ['one', 26379, 0],
      ['fd00::1', 26379, 0],
    ]);
    expect(redisAddresses({ url, mode: 'cluster' })[0]).toEqual({ host: 'one', port: 6379 });
  });
});
