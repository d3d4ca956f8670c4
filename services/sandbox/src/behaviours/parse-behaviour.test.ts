import { parseBehaviour } from './parse-behaviour';

const errorsOf = (body: unknown) => {
  const parsed = parseBehaviour(body);
  return parsed.ok ? [] : parsed.errors.map(({ pointer }) => pointer);
};

describe('parseBehaviour', () => {
  it.each([
    ['email', 451, { code: 451 }],
    ['email', '550', { code: 550 }],
    ['email', '550 5.1.1', { code: 550, enhanced: '5.1.1' }],
    ['email', '5.7.1', { code: 550, enhanced: '5.7.1' }],
    ['email', '4.2.2', { code: 451, enhanced: '4.2.2' }],
    ['sms', 21211, { code: 21211 }],
    ['sms', '503', { code: 503 }],
    ['sms', 1, { code: 1 }],
    ['push', 404, { code: 404 }],
    ['webpush', '410', { code: 410 }],
    ['webhook', 410, { code: 410 }],
    ['*', 500, { code: 500 }],
  ])('%s understands the code %p', (channel, code, expected) => {
    const parsed = parseBehaviour({ channel, action: { type: 'fail', code } });
    expect(parsed).toMatchObject({
      ok: true,
      rule: { channel, action: { type: 'fail', at: 'rcpt', ...expected } },
    });
  });

  it.each([
    ['email', 250],
    ['email', '550 4.1.1'],
    ['email', 21211],
    ['sms', 200],
    ['sms', 1234],
    ['sms', 0],
    ['push', 200],
    ['push', 21211],
    ['webpush', 301],
    ['webhook', 7],
    ['webhook', 21211],
    ['*', 451],
    ['email', null],
    ['email', '451; DROP'],
  ])('%s refuses the code %p', (channel, code) => {
    expect(errorsOf({ channel, action: { type: 'fail', code } })).toEqual(['/action/code']);
  });

  it('keeps a whole rule', () => {
    const parsed = parseBehaviour({
      channel: 'sms',
      match: { to: '+49*', provider: 'twilio' },
      action: { type: 'undelivered', errorCode: 30003 },
      times: 3,
    });
    expect(parsed).toEqual({
      ok: true,
      rule: {
        channel: 'sms',
        match: { to: '+49*', provider: 'twilio' },
        action: { type: 'undelivered', errorCode: 30003, status: 'undelivered' },
        times: 3,
      },
    });
  });

  it.each([
    [null, ['']],
    [[], ['']],
    [{}, ['/channel']],
    [{ channel: 'fax', action: { type: 'fail', code: 500 } }, ['/channel']],
    [{ channel: 'inapp', action: { type: 'delay', ms: 1 } }, ['/channel']],
    [{ channel: 'push', match: { provider: 'twilio' }, action: { type: 'garbage' } }, ['/match/provider']],
    [{ channel: 'webpush', match: { provider: 'fcm' }, action: { type: 'garbage' } }, ['/match/provider']],
    [{ channel: 'sms' }, ['/action']],
    [{ channel: 'sms', action: { type: 'explode' } }, ['/action/type']],
    [{ channel: 'sms', action: { type: 'delay' } }, ['/action/ms']],
    [{ channel: 'sms', action: { type: 'delay', ms: 1.5 } }, ['/action/ms']],
    [{ channel: 'sms', action: { type: 'throttle', perSecond: 0 } }, ['/action/perSecond']],
    [{ channel: 'sms', action: { type: 'drop', at: 'noon' } }, ['/action/at']],
    [{ channel: 'email', action: { type: 'receipts', mode: 'late' } }, ['/action/type']],
    [{ channel: 'sms', match: { provider: 'smtp' }, action: { type: 'garbage' } }, ['/match/provider']],
    [{ channel: 'webhook', match: { provider: 'twilio' }, action: { type: 'garbage' } }, ['/match/provider']],
    [{ channel: 'sms', match: { from: 'x' }, action: { type: 'garbage' } }, ['/match/from']],
    [
      { channel: 'sms', match: 'x', action: { type: 'garbage' }, times: 0, extra: 1 },
      ['/match', '/times', '/extra'],
    ],
    [{ channel: 'email', match: { to: 'a' }, action: { type: 'drop', at: 'connect' } }, ['/match/to']],
  ])('names what is wrong with %j', (body, pointers) => {
    expect(errorsOf(body)).toEqual(pointers);
  });
});
