import { type Logger } from '@herald/platform';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import { type Secrets } from './data-folder';
import { SES_TOPIC, SES_USER, VONAGE_KEY } from './demo-providers';
import { DEMO_RECIPIENT } from './demo-recipient';
import { everyChannelRequest } from './first-request';
import { type Ports } from './ports';

export interface DemoSandboxDeps {
  host: string;
  ports: Ports;
  secrets: Secrets;
  logger: Logger;
}

const TOKEN_SECONDS = 3600;

/** The outside world of the demo tenant: its accounts with providers, its recipients' phones, browsers and app. */
export async function startDemoSandbox({ host, ports, secrets, logger }: DemoSandboxDeps): Promise<Sandbox> {
  const apiUrl = `http://${host}:${ports.api}`;
  const sandbox = await startSandbox({
    host,
    httpPort: ports.sandbox,
    smtpPort: ports.smtp,
    twilio: { accounts: [{ sid: secrets.twilioSid, authToken: secrets.twilioToken }] },
    vonage: {
      accounts: [
        {
          apiKey: VONAGE_KEY,
          apiSecret: secrets.vonageSecret,
          signatureSecret: secrets.vonageSignatureSecret,
        },
      ],
    },
    sendgrid: { apiKey: secrets.sendgridKey },
    ses: { smtpUsername: SES_USER, smtpPassword: secrets.sesPassword, topicArn: SES_TOPIC },
    fcm: { projectId: 'herald-demo', clientEmail: 'herald@herald-demo.iam.gserviceaccount.com' },
    apns: { port: ports.apns, keyId: 'HERALDKEY1', teamId: 'HERALDTEAM', topic: 'test.herald.demo' },
    webpush: {
      seed: secrets.browserSeed,
      vapidPublicKey: () => newestVapidKey(apiUrl, secrets.apiKey),
      api: () => ({ url: apiUrl, key: secrets.apiKey }),
    },
    inapp: {
      socketUrl: () => `ws://${host}:${ports.api}/v1/feed/socket`,
      tokenFor: (recipient) => recipientToken(apiUrl, secrets.apiKey, recipient),
      recipients: [DEMO_RECIPIENT],
    },
    webhookSecrets: () => [secrets.webhookSecret],
    firstRequest: () => everyChannelRequest(apiUrl, secrets.apiKey, sandbox),
    logger,
  });
  return sandbox;
}

/** What the server of an app does when one of its users opens it. */
async function recipientToken(apiUrl: string, apiKey: string, recipient: string): Promise<string> {
  const response = await fetch(`${apiUrl}/v1/recipient-tokens`, {
    method: 'POST',
    headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ recipient, ttlSeconds: TOKEN_SECONDS }),
  });
  const body = (await response.json()) as { token?: string };
  if (body.token) return body.token;
  throw new Error(`No recipient token: the API answered ${response.status}`);
}

async function newestVapidKey(apiUrl: string, apiKey: string): Promise<string | undefined> {
  const response = await fetch(`${apiUrl}/v1/vapid-keys`, { headers: { authorization: `Bearer ${apiKey}` } });
  const body = (await response.json()) as { items?: { publicKey: string }[] };
  return body.items?.[0]?.publicKey;
}
