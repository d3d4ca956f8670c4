import { parseCreateMessage } from './create-message';

const valid = { To: '+4915112345678', From: '+15005550006', Body: 'Hi' };
const parse = (form: Record<string, string>) => parseCreateMessage(new URLSearchParams(form));
const { To, From, Body } = valid;

describe('parseCreateMessage', () => {
  it.each([
    [valid],
    [{ ...valid, From: 'Acme Shop' }],
    [{ ...valid, From: '74454' }],
    [{ To, Body, MessagingServiceSid: `MG${'0a'.repeat(16)}` }],
    [{ ...valid, StatusCallback: 'http://localhost:3000/x?a=1' }],
    [{ To, From, MediaUrl: 'https://x.test/a.png' }],
    [{ ...valid, Body: '🎉'.repeat(1600) }],
  ])('takes %j', (form) => {
    expect(parse(form)).toMatchObject({ ok: true, message: { to: To } });
  });

  it.each([
    [{ From, Body }, 21604],
    [{ To, Body }, 21603],
    [{ To, From }, 21602],
    [{ ...valid, To: '015112345678' }, 21211],
    [{ ...valid, To: '+0151' }, 21211],
    [{ ...valid, To: 'ada@x.test' }, 21211],
    [{ ...valid, From: 'A sender that is long' }, 21212],
    [{ ...valid, From: '123456789' }, 21212],
    [{ To, Body, MessagingServiceSid: 'MG1' }, 21705],
    [{ ...valid, Body: 'x'.repeat(1601) }, 21617],
    [{ ...valid, StatusCallback: 'not a url' }, 21609],
    [{ ...valid, StatusCallback: 'ftp://x.test/' }, 21609],
  ])('answers %j with its code', (form, code) => {
    const { error } = parse(form) as { error?: object };
    expect(error).toMatchObject({
      code,
      status: 400,
      more_info: `https://www.twilio.com/docs/errors/${code}`,
    });
  });
});
