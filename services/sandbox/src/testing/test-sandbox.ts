import { type Sandbox, type SandboxOptions, startSandbox } from '../index';

export const ACCOUNT = { sid: `AC${'0123456789abcdef'.repeat(2)}`, authToken: 'a-token-of-the-tests' };
export const VONAGE_ACCOUNT = {
  apiKey: 'abcd1234',
  apiSecret: 'a-secret-of-the-tests',
  signatureSecret: 'a-signature-secret',
};
export const SES_ACCOUNT = {
  smtpUsername: 'AKIAEXAMPLE',
  smtpPassword: 'a-password-of-the-tests',
  topicArn: 'arn:aws:sns:eu-central-1:123456789012:herald',
};
export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

/** Collects what is logged, so that a test can ask for silence. */
export class TestLogger {
  readonly lines: { level: 'info' | 'warn' | 'error'; message: string }[] = [];
  info = (_fields: object, message: string) => void this.lines.push({ level: 'info', message });
  warn = (_fields: object, message: string) => void this.lines.push({ level: 'warn', message });
  error = (_fields: object, message: string) => void this.lines.push({ level: 'error', message });

  complaints(): string[] {
    return this.lines.filter(({ level }) => level !== 'info').map(({ message }) => message);
  }
}

export interface Page {
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  items: any[];
  total: number;
}

export interface TestSandbox extends Sandbox {
  logger: TestLogger;
  /** `GET /messages` with this query. */
  messages(query?: string): Promise<Page>;
  /** `POST /behaviours`; fails unless it is taken. */
  behave(rule: object): Promise<{ id: string }>;
}

/** A real sandbox on free ports. */
export async function startTestSandbox(options: Partial<SandboxOptions> = {}): Promise<TestSandbox> {
  const logger = new TestLogger();
  const sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [ACCOUNT] },
    vonage: { accounts: [VONAGE_ACCOUNT] },
    webhookSecrets: () => [WEBHOOK_SECRET],
    logger,
    ...options,
  });
  const messages = async (query = ''): Promise<Page> =>
    (await fetch(`${sandbox.httpUrl}/messages?${query}`)).json() as Promise<Page>;
  const behave = async (rule: object): Promise<{ id: string }> => {
    const response = await postJson(`${sandbox.httpUrl}/behaviours`, rule);
    if (response.status !== 201) throw new Error(`rule refused: ${await response.text()}`);
    return response.json() as Promise<{ id: string }>;
  };
  return { ...sandbox, logger, messages, behave };
}

export function postJson(url: string, body: unknown): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** Waits until `check` gives something other than undefined or false; fails after `timeoutMs`. */
export async function eventually<T>(
  check: () => T | undefined | false | Promise<T | undefined | false>,
  timeoutMs = 5000,
): Promise<T> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const value = await check();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > end) throw new Error('it did not happen in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
