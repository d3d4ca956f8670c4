import { parsedEmail } from './parsed-email';

const mail = (lines: string[]) => parsedEmail(Buffer.from(lines.join('\r\n')));

describe('parsedEmail', () => {
  it('reads the head without the rest', async () => {
    const email = mail([
      'From: =?UTF-8?Q?J=C3=BCrgen?= <j@x.test>',
      'Subject: =?UTF-8?B?R3LDvMOfZQ==?=',
      'Message-ID: <1@x.test>',
      '',
      'body',
    ]);
    expect(await email.head()).toEqual({
      subject: 'Grüße',
      from: '"Jürgen" <j@x.test>',
      messageId: '<1@x.test>',
    });
  });

  it('reads text, HTML, raw headers and attachments', async () => {
    const content = await mail([
      'From: a@x.test',
      'To: b@x.test',
      'Received: one',
      'Received: two',
      'X-Long: first',
      ' second',
      'Content-Type: multipart/mixed; boundary=m',
      '',
      '--m',
      'Content-Type: multipart/alternative; boundary=a',
      '',
      '--a',
      'Content-Type: text/plain',
      '',
      'plain',
      '--a',
      'Content-Type: text/html',
      '',
      '<b>rich</b>',
      '--a--',
      '--m',
      'Content-Type: text/csv; name="a.csv"',
      'Content-Disposition: attachment; filename="a.csv"',
      'Content-Transfer-Encoding: base64',
      '',
      'MSwy',
      '--m--',
    ]).content();
    expect(content).toMatchObject({
      text: 'plain',
      html: '<b>rich</b>',
      toHeader: 'b@x.test',
      subject: null,
    });
    expect(content.attachments).toEqual([{ filename: 'a.csv', contentType: 'text/csv', size: 3 }]);
    expect(content.headers).toMatchObject({ received: ['one', 'two'], 'x-long': 'first second' });
  });

  it('does not make up HTML for a text, or a text for HTML', async () => {
    expect(await mail(['Subject: s', '', 'hello']).content()).toMatchObject({ text: 'hello', html: null });
    const html = await mail(['Content-Type: text/html', '', '<p>x</p>']).content();
    expect(html).toMatchObject({ text: '', html: '<p>x</p>' });
  });

  it('shows the source of what no parser takes', async () => {
    const parts = Array.from({ length: 1100 }, () => '--m\r\n\r\nx');
    const email = mail(['Content-Type: multipart/mixed; boundary=m', '', ...parts, '--m--']);
    const content = await email.content();
    expect(content.text).toContain('--m');
    expect(content.html).toBeNull();
  });

  it('parses once', () => {
    const email = mail(['Subject: s', '', 'x']);
    expect(email.content()).toBe(email.content());
    expect(email.head()).toBe(email.head());
  });
});
