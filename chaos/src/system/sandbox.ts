import fs from 'node:fs';
import path from 'node:path';
import {
  type Client,
  createClient,
  freePorts,
  newDataDir,
  type Service,
  startService,
} from '@herald/testing';

export interface Arrival {
  /** Milliseconds since 1970. */
  at: number;
  to: string;
}

/** The outside world: the sandbox as a process of its own, which writes down what arrives. */
export interface OutsideWorld {
  service: Service;
  url: string;
  smtpPort: number;
  /** The key file of its account at FCM. */
  serviceAccount: string;
  /** Makes it misbehave until `behave`. */
  misbehave(rule: object): Promise<void>;
  behave(): Promise<void>;
  /** Everything that ever arrived. */
  arrivals(): Arrival[];
  stop(): Promise<void>;
}

/** Starts the sandbox with a Twilio account. */
export async function startOutsideWorld(twilio: {
  accountSid: string;
  authToken: string;
}): Promise<OutsideWorld> {
  const folder = newDataDir();
  const ledgerFile = path.join(folder, 'ledger.ndjson');
  const port = await freePorts(2);
  const service = startService('sandbox', port, {
    LOG_LEVEL: 'warn',
    HERALD_SANDBOX_HTTP_PORT: String(port),
    HERALD_SANDBOX_SMTP_PORT: String(port + 1),
    HERALD_SANDBOX_TWILIO_ACCOUNT_SID: twilio.accountSid,
    HERALD_SANDBOX_TWILIO_AUTH_TOKEN: twilio.authToken,
    HERALD_SANDBOX_APNS_PORT: '0',
    HERALD_SANDBOX_MAX_MESSAGES: '1000',
    HERALD_SANDBOX_LEDGER_FILE: ledgerFile,
  });
  await service.untilReady();
  const client: Client = createClient(service.url);
  const keyFile = await client.get<object>('/fcm/service-account.json');
  return {
    service,
    url: service.url,
    smtpPort: port + 1,
    serviceAccount: JSON.stringify(keyFile.body),
    misbehave: async (rule) => {
      const { status, body } = await client.post('/behaviours', rule);
      if (status !== 201) throw new Error(`The sandbox answered ${status}: ${JSON.stringify(body)}`);
    },
    behave: async () => void (await client.delete('/behaviours')),
    arrivals: () => readArrivals(ledgerFile),
    stop: async () => {
      await service.end('SIGKILL');
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

function readArrivals(file: string): Arrival[] {
  const lines = fs.readFileSync(file, 'utf8').split('\n');
  // The last line is empty, or being written.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Arrival);
}
