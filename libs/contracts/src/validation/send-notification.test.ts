import { CORPUS } from './corpus.fixture';
import { createSendValidator, withRecipientList } from './send-notification';

const validate = createSendValidator();

function errorsOf(body: unknown) {
  const result = validate(body);
  return result.ok ? [] : result.errors;
}

const problem = (over: object) =>
  errorsOf({ to: { email: 'ada@example.com' }, content: { sms: { body: 'Hello' } }, ...over }).map(
    ({ pointer, detail }) => `${pointer} ${detail}`,
  );

describe('createSendValidator', () => {
  it.each(CORPUS.filter((entry) => entry.wrongAt.length === 0))('takes $name', ({ body }) => {
    expect(validate(body)).toEqual({ ok: true, value: withRecipientList(body) });
  });

  it.each(CORPUS.filter((entry) => entry.wrongAt.length > 0))(
    'refuses $name, by pointer',
    ({ body, wrongAt }) => {
      const pointers = new Set(errorsOf(body).map((error) => error.pointer));
      expect([...pointers].sort()).toEqual([...wrongAt].sort());
    },
  );

  it('leaves the body that it was given as it was', () => {
    const body = { to: { email: 'ada@example.com' }, content: { sms: { body: 'Hello' } } };
    expect(validate(body)).toMatchObject({ ok: true, value: { to: [body.to] } });
    expect(body.to).toEqual({ email: 'ada@example.com' });
  });

  it.each<[object, string]>([
    [{ to: { email: 'x' } }, '/to/email must be an e-mail address such as "ada@example.com"'],
    [
      { to: [{ phone: '1' }] },
      '/to/0/phone must be a valid phone number in E.164 form such as "+4915112345678"',
    ],
    [{ to: [] }, '/to must have at least 1 item'],
    [{ to: 'x' }, '/to must be a recipient such as {"email":"ada@example.com"}, or a list of recipients'],
    [{ to: null }, '/to must be a recipient such as {"email":"ada@example.com"}, or a list of recipients'],
    [{ content: undefined }, '/content is required'],
    [{ content: { sms: { body: '' } } }, '/content/sms/body must have at least 1 character'],
    [{ content: { sms: { body: 'a'.repeat(1601) } } }, '/content/sms/body must have at most 1600 characters'],
    [{ priority: 'urgent' }, '/priority must be one of critical, default, bulk'],
    [{ channels: ['sms', 'sms'] }, '/channels must not repeat an item'],
    [{ subject: 'x' }, '/subject is not a known field'],
    [{ metadata: { a: 'b\n' } }, '/metadata/a must be one line of text without control characters'],
    [{ metadata: [] }, '/metadata must be an object'],
    [
      { content: { webhook: { payload: { constructor: 1 } } } },
      '/content/webhook/payload must not use names that every object has, such as "constructor"',
    ],
  ])('says what is wanted instead of %j', (over, error) => {
    expect(problem(over)).toEqual([error]);
  });

  it('tells everything that is wrong at once', () => {
    const errors = problem({ to: [{ email: 'x' }, { phone: 'y' }], priority: 1, more: 1, sendAt: 'soon' });
    expect(errors.map((error) => error.split(' ')[0])).toEqual(
      expect.arrayContaining(['/to/0/email', '/to/1/phone', '/priority', '/more', '/sendAt']),
    );
  });

  it('tells the first problem only of a huge body: describing all would hold up everybody else', () => {
    const lists = {
      to: Array(500_000).fill(1),
      channels: Array(500_000).fill('fax'),
      content: { email: { subject: 's', attachments: Array(400_000).fill({}) } },
    };
    const fields = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`field${n}`, n]));
    for (const [name, value] of Object.entries(lists))
      expect([name, problem({ [name]: value }).length]).toEqual([name, 1]);
    expect(problem(fields)).toHaveLength(1);
  });

  it('tells the first problem only of what is larger than its caller wants described', () => {
    const validate = createSendValidator();
    const body = { to: [1, 2, 3], content: 1 };
    const told = (max?: number) => (validate(body, max) as { errors: unknown[] }).errors.length;
    expect([told(), told(5), told(4)]).toEqual([4, 4, 1]);
  });
});

describe('withRecipientList', () => {
  it('makes a list of one recipient and leaves everything else alone', () => {
    const list = { to: [{}] };
    expect(withRecipientList({ to: { email: 'a' }, content: {} })).toEqual({
      to: [{ email: 'a' }],
      content: {},
    });
    for (const body of [list, null, [], 'x', { to: 'x' }, { to: null }, {}])
      expect(withRecipientList(body)).toBe(body);
  });
});
