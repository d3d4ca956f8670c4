import { createLogger, flushLogger, type LoggerOptions } from './create-logger';

function capture(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const logger = createLogger({ service: 'test', level: 'info', destination, ...options });
  return { logger, lines, last: () => JSON.parse(lines.at(-1) as string) };
}

describe('createLogger', () => {
  it('writes JSON with the service, the level by name and an ISO time', () => {
    const { logger, lines, last } = capture();
    logger.info({ count: 2 }, 'hello');
    logger.debug('not shown');
    expect(lines).toHaveLength(1);
    expect(last()).toEqual({
      level: 'info',
      service: 'test',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      count: 2,
      msg: 'hello',
    });
  });

  it('blanks credentials that slip in', () => {
    const { logger, lines } = capture();
    logger.info({ authorization: 'Bearer s3cret', headers: { authorization: 's3cret' } });
    logger.info({ req: { headers: { authorization: 's3cret', cookie: 's3cret' } }, password: 's3cret' });
    expect(lines.join('')).not.toContain('s3cret');
    expect(lines.join('')).toContain('[redacted]');
  });

  it('logs errors without the statement, its parameters and its row', () => {
    const { logger, lines, last } = capture();
    const cause = new Error('connect to postgres://herald:hunter2@db:5432/herald failed');
    const error = Object.assign(new Error('duplicate key', { cause }), {
      code: '23505',
      detail: 'Key (email)=(ada@example.com) already exists.',
      parameters: ['ada@example.com'],
      query: 'INSERT …',
    });
    logger.error({ err: error }, 'failed');
    expect(last().err).toMatchObject({
      type: 'Error',
      message: 'duplicate key',
      code: '23505',
      cause: { message: 'connect to postgres://***@db:5432/herald failed' },
    });
    expect(last().err.stack).toContain('create-logger.test');
    expect(lines.join('')).not.toMatch(/ada@|hunter2|INSERT/);
  });

  it('survives what is thrown that is no error', () => {
    const { logger, last } = capture();
    logger.error({ err: 'a text with ada@example.com' }, 'failed');
    expect(last().err).toEqual({ type: 'string', message: 'Something that is no Error was thrown' });
  });

  it('writes one readable line in pretty mode', () => {
    const { logger, lines } = capture({ pretty: true });
    logger.child({ requestId: 'r1' }).warn({ note: 'two words' }, 'careful');
    logger.error({ err: new Error('broken') }, 'oh no');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours
    const [warning, error] = lines.map((line) => line.replace(/\u001b\[\d+m/g, ''));
    expect(warning).toMatch(/^[\d:.]{12} warn {2}test: careful requestId=r1 note="two words"\n$/);
    expect(error).toMatch(/^[\d:.]{12} error test: oh no\nError: broken\n {4}at /);
  });

  it('can be flushed whatever it writes to', async () => {
    let flushed = 0;
    const flush = (done: () => void) => {
      flushed += 1;
      done();
    };
    const destination = { write: () => undefined, flush };
    await flushLogger(createLogger({ service: 'test', level: 'info', destination }));
    await flushLogger(createLogger({ service: 'test', level: 'info', pretty: true, destination }));
    await flushLogger(capture().logger);
    await flushLogger(capture({ pretty: true }).logger);
    expect(flushed).toBe(2);
  });
});
