import { createPrivateKey } from 'node:crypto';
import { connect } from 'node:http2';
import { SignJWT } from 'jose';
import type { TestSandbox } from './test-sandbox';

export const APNS_ACCOUNT = { port: 0, keyId: 'ABCDE12345', teamId: 'TEAM123456', topic: 'com.example.shop' };

export interface ApnsAnswer {
  status: number;
  headers: Record<string, unknown>;
  body: { reason?: string; timestamp?: number };
}

/** Speaks to the sandbox's APNs as a provider does, over a connection for each request. */
export class ApnsClient {
  constructor(private readonly sandbox: TestSandbox) {}

  /** A provider token; `over` replaces what a good one says. */
  async token(over: { kid?: string; iss?: string; iat?: number; key?: string } = {}): Promise<string> {
    const { keyId, teamId, privateKey } = this.sandbox.apns!;
    return new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', kid: over.kid ?? keyId })
      .setIssuer(over.iss ?? teamId)
      .setIssuedAt(over.iat ?? Math.floor(Date.now() / 1000))
      .sign(createPrivateKey(over.key ?? privateKey));
  }

  /** Sends; a header that is undefined is left out. Rejects when the connection ends without an answer. */
  async send(
    deviceToken: string,
    payload: unknown,
    headers: Record<string, string | undefined> = {},
  ): Promise<ApnsAnswer> {
    const all = {
      ':method': 'POST',
      ':path': `/3/device/${deviceToken}`,
      authorization: `bearer ${await this.token()}`,
      'apns-topic': APNS_ACCOUNT.topic,
      ...headers,
    };
    const given = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
    const session = connect(this.sandbox.apns!.url);
    try {
      return await new Promise<ApnsAnswer>((resolve, reject) => {
        session.once('error', reject);
        const stream = session.request(given);
        let answer: Record<string, unknown> | undefined;
        let text = '';
        stream.setEncoding('utf8');
        stream.on('response', (responded) => {
          answer = responded;
        });
        stream.on('data', (chunk: string) => {
          text += chunk;
        });
        stream.on('error', reject);
        stream.on('close', () => {
          if (!answer) return reject(new Error('no answer'));
          resolve({ status: Number(answer[':status']), headers: answer, body: parse(text) });
        });
        stream.end(typeof payload === 'string' ? payload : JSON.stringify(payload));
      });
    } finally {
      session.destroy();
    }
  }
}

function parse(text: string): ApnsAnswer['body'] {
  try {
    return JSON.parse(text) as ApnsAnswer['body'];
  } catch {
    return {};
  }
}
