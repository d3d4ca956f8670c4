import { Router } from 'express';
import { type ApnsAccount, apnsKey } from './apns-key';
import { ApnsServer, type ApnsServerOptions } from './apns-server';

export interface ApnsOptions extends ApnsAccount {
  /** 0 takes a free port. */
  port: number;
}

/** What a client needs to send by the sandbox's APNs. */
export interface ApnsAccess {
  keyId: string;
  teamId: string;
  topic: string;
  /** The text of the .p8 file. */
  privateKey: string;
  /** Where it listens, for HTTP/2 in clear text. */
  url: string;
  /** Tells every client to connect anew. */
  goAway(): void;
}

/** Starts what the sandbox does of APNs, for one team. */
export async function openApns(
  { port, ...account }: ApnsOptions,
  parts: Omit<ApnsServerOptions, 'account' | 'key'> & { host: string; hostInUrl: string },
): Promise<{ access: ApnsAccess; page: Router; stop(): Promise<void> }> {
  const key = apnsKey(account);
  const { host, hostInUrl, ...rest } = parts;
  const server = new ApnsServer({ account, key, ...rest });
  const listening = await server.start(port, host);
  const { keyId, teamId, topic } = account;
  const page = Router();
  page.get('/apns/key.p8', (_req, res) => void res.type('application/pkcs8').send(key.file));
  return {
    page,
    access: {
      keyId,
      teamId,
      topic,
      privateKey: key.file,
      url: `http://${hostInUrl}:${listening}`,
      goAway: () => server.goAway(),
    },
    stop: () => server.stop(),
  };
}
